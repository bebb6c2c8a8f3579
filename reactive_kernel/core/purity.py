"""What the usual library names do: tables of callables that change, keep or copy what they are given.

A table is a habit of Python code, not a proof: it only sets how strongly a mutation is expected, and
the run confirms or refutes it.  Nothing here looks at a syntax tree.
"""

from __future__ import annotations

__all__ = [
    "ACTIVE_DECORATORS",
    "ARG_MUTATORS",
    "CANVASES",
    "CONSUMERS",
    "DATA_CALLS",
    "DRAWING",
    "FORMULAS",
    "FRESH_METHODS",
    "FUNCTION_TAKERS",
    "INERT_CALLS",
    "LAZY_CALLS",
    "MODULE_NAMES",
    "MUTATING_PREFIXES",
    "MUTATORS",
    "OF_FORMULAS",
    "PASS_THROUGH",
    "PLAIN_CALLS",
    "PURE_FUNCTIONS",
    "PURE_METHODS",
    "SETTINGS",
    "SILENT",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Builtins whose result is a number, a string or a truth value.
PLAIN_CALLS = _words(
    "len int float str bool repr ord chr hash id isinstance issubclass callable hasattr hex bin oct ascii"
    " format input complex"
)

# Calls whose first argument may be a formula of patsy or formulaic, and what these look up themselves.
FORMULAS = _words(
    "from_formula dmatrix dmatrices model_matrix ols wls gls glsar glm gee logit probit poisson negativebinomial"
    " mnlogit quantreg rlm mixedlm phreg conditional_logit ordinal_gee nominal_gee lm feols"
)
OF_FORMULAS = _words("I C Q bs cr cc cs te poly center standardize Treatment Sum Poly Diff Helmert")

# Calls that look at their arguments without running code of theirs.
INERT_CALLS = _words("isinstance issubclass id type callable")

# Calls that keep the functions they are given for later.
LAZY_CALLS = _words("partial partialmethod map filter starmap takewhile dropwhile singledispatch defaultdict")

# Calls that hand on their arguments' elements: what is changed through the result is theirs.
PASS_THROUGH = _words("enumerate zip reversed sorted iter list tuple filter items values chain islice cycle")

# Functions that leave their arguments alone.
PURE_FUNCTIONS = PLAIN_CALLS | _words(
    """print display pprint type abs round sum min max any all sorted reversed enumerate zip range dir vars help
    getattr list tuple set dict frozenset bytes slice iter map filter divmod pow property super object
    deepcopy copy dumps loads Path partial namedtuple Counter HTML Markdown Image Latex SVG JSON
    open show plot hist bar barh scatter imshow boxplot violinplot pie pairplot heatmap lineplot barplot scatterplot
    histplot countplot distplot kdeplot regplot lmplot jointplot catplot relplot displot title xlabel ylabel legend
    figure subplots subplot savefig axhline axvline fill_between errorbar contour contourf colorbar xticks yticks
    xlim ylim grid text annotate tight_layout subplots_adjust suptitle stem step semilogx semilogy loglog
    DataFrame Series Index concat merge to_datetime to_numeric get_dummies read_csv read_sql
    read_sql_query read_sql_table date_range cut qcut crosstab
    pivot_table melt array asarray zeros_like ones_like linspace arange mean median std var unique where dot exp log
    sqrt sin cos train_test_split accuracy_score confusion_matrix classification_report mean_squared_error r2_score
    mean_absolute_error f1_score precision_score recall_score roc_auc_score cross_val_score make_pipeline glob
    makedirs mkdir exists join basename dirname sleep time perf_counter info debug warning error exception
    assert_frame_equal assert_allclose assert_array_equal assert_equal interact count_nonzero"""
)

# Methods that return something and leave their object as it was, in the usual libraries.
PURE_METHODS = _words(
    """head tail describe info copy sum mean median std var min max mode value_counts show join split rsplit format
    items keys values get index count lower upper title capitalize strip lstrip rstrip startswith endswith
    replace find rfind isdigit isalpha encode decode zfill splitlines partition groupby agg aggregate apply map
    applymap transform filter query sort_values sort_index reset_index set_index rename dropna fillna drop
    drop_duplicates merge concat astype isna isnull notna notnull isin unique nunique corr cov quantile cumsum
    cumprod diff shift rolling expanding resample pivot pivot_table melt stack unstack sample nlargest nsmallest
    to_frame to_list tolist to_dict to_numpy to_csv to_json to_excel to_parquet to_html to_string to_sql
    to_markdown idxmax idxmin any all abs round clip between where mask eq ne lt le gt ge add_prefix add_suffix
    assign explode interpolate memory_usage duplicated reindex select_dtypes iterrows itertuples crosstab
    combine_first first last size ravel reshape flatten transpose dot argmax argmin argsort nonzero swapaxes
    squeeze repeat predict predict_proba score inverse_transform decision_function get_params
    get_feature_names_out summary most_common elements total difference union intersection symmetric_difference
    issubset issuperset isdisjoint exists is_file is_dir read_text read_bytes glob iterdir resolve with_suffix
    with_name as_posix relative_to savefig isoformat strftime timestamp date weekday total_seconds group groups
    match search findall finditer fullmatch sub item select with_columns group_by collect lazy to_pandas dt str
    cast alias display_name hex casefold swapcase center ljust rjust expandtabs isnumeric"""
)

# Methods that draw: they change axes, not data.
DRAWING = _words(
    """plot hist bar barh scatter boxplot pie hexbin area kde imshow contour contourf errorbar fill_between step stem
    violinplot"""
)
CANVASES = ("ax", "fig", "canvas")

# Methods whose result is a new object that shares nothing with theirs (so changing it changes nothing else).
FRESH_METHODS = _words(
    """copy deepcopy sum mean median std var min max value_counts describe corr lower upper title strip lstrip rstrip
    split rsplit join format replace encode decode startswith endswith count index find astype dropna fillna
    sort_values reset_index merge drop_duplicates pivot_table melt isna isnull notna isin nunique tolist to_list
    to_dict to_csv to_string strftime isoformat agg aggregate cumsum diff shift round predict predict_proba score
    read_text read_bytes groupby apply head tail drop rename set_index sort_index query sample nlargest nsmallest
    to_frame unique union intersection difference keys"""
)

# Methods known to change their object, even where their result is used.
MUTATORS = _words(
    """append extend insert pop popitem popleft appendleft extendleft rotate remove clear sort reverse update
    setdefault add discard intersection_update difference_update symmetric_difference_update fit partial_fit
    fit_transform fit_predict fit_resample write writelines seek truncate readline readlines read close flush
    shuffle seed send throw push put put_nowait get_nowait __setitem__ __delitem__ __setattr__ __iadd__ backward
    zero_grad train eval requires_grad_ compile add_node add_edge add_nodes_from add_edges_from execute executemany
    executescript commit fetchone fetchall fetchmany increment decrement reset setflags resize fill itemset
    partition_ set subtract move_to_end register connect invert_yaxis invert_xaxis legend tick_params grid
    annotate text axhline axvline set observe on_click setstate"""
)
# What generators of random numbers have to draw with.
MUTATORS |= _words(
    """random randint randrange integers uniform normal standard_normal gauss normalvariate lognormal exponential
    poisson binomial multinomial multivariate_normal beta gamma dirichlet triangular choice choices permutation
    permuted rand randn random_sample getrandbits"""
)
# Those of them that answer nothing: where the answer is used, something else is meant (`total = df.add(other)`).
SILENT = _words(
    """append extend insert remove clear sort reverse update add discard intersection_update difference_update
    symmetric_difference_update appendleft extendleft rotate subtract"""
)
MUTATING_PREFIXES = ("set_", "add_", "insert_", "remove_", "append_", "update_", "delete_", "push_", "clear_")

# Functions that change what they are given.
ARG_MUTATORS = _words(
    """next shuffle setattr delattr heappush heappop heapify heapreplace heappushpop insort insort_left insort_right
    dump fill_diagonal copyto put place putmask put_along_axis anext move_to_device clip_grad_norm_ setitem delitem
    iadd iconcat pack_into SubElement"""
)

# Calls whose result is data: numbers, arrays, frames, text.  Such values carry no code of the notebook's.
DATA_CALLS = PLAIN_CALLS | _words(
    """open read readlines read_csv read_excel read_json read_parquet read_table read_sql read_html DataFrame
    Series array asarray
    arange linspace zeros ones full empty eye zeros_like ones_like rand randn randint random normal uniform choice
    permutation date_range to_datetime to_numeric mean sum std var min max median count quantile value_counts corr
    cov describe isna isnull notna isin nunique unique tolist to_list read_text split rsplit splitlines join strip
    lower upper replace format strftime time perf_counter loadtxt genfromtxt load_iris load_digits loads sqrt exp log
    dot matmul argmax argmin round abs range Decimal Fraction Path getcwd listdir glob exists accuracy_score
    mean_squared_error r2_score confusion_matrix predict predict_proba score get_dummies cut qcut dropna fillna
    drop_duplicates reset_index sort_values astype head tail sample nlargest nsmallest merge groupby agg drop rename
    pivot_table melt to_numpy concat"""
)

# Calls that run the functions they are given at once, and whose result does not hold them.
CONSUMERS = DATA_CALLS | _words(
    """apply applymap map transform filter agg aggregate assign pipe sorted list tuple set frozenset dict min max sum
    any all next reduce sort nlargest nsmallest groupby join extend update writelines executemany print display
    timeit"""
)

# Names under which modules are usually imported: what is called on them does not change them.
MODULE_NAMES = _words(
    """nn np numpy pd pandas plt mpl matplotlib sns seaborn os sys math json re torch tf warnings itertools functools
    collections random alt px go pl scipy sp sm smf xgb lgb keras logging pickle glob shutil subprocess requests
    cv2 nx nltk spacy sklearn statistics operator copy csv textwrap gc"""
)

# What a module keeps for everybody: calls on it that later cells feel.
SETTINGS = _words(
    """set_option reset_option set_printoptions seterr set_theme set_style set_context set_palette style.use chdir
    path.append path.insert path.extend path.remove environ.update environ.setdefault environ.pop rcParams.update
    rc rcdefaults use set_default_dtype set_default_device set_float_precision setrecursionlimit setlocale
    filterwarnings simplefilter"""
)

# Methods that call the functions they are given and keep none of them.
FUNCTION_TAKERS = _words("apply applymap map transform agg aggregate filter groupby sort sort_values reduce pipe")

# Decorators that run what they decorate at once.  The others wrap it, or note it for later.
ACTIVE_DECORATORS = _words("interact interact_manual run execute main timeit benchmark bench call once profile")
