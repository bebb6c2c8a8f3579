"""jupyter_kernel_test: Jupyter's own tests of a kernel."""

from __future__ import annotations

from typing import ClassVar

import jupyter_kernel_test
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.kernel.driver import Kernel, Specs


class TestConformance(jupyter_kernel_test.KernelTests):
    """The samples are ipykernel's own."""

    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"
    code_execute_result: ClassVar = [{"code": "1+2+3", "result": "6"}, {"code": "'a' * 3", "result": "'aaa'"}]
    code_display_data: ClassVar = [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
        {"code": "from IPython.display import Math, display; display(Math('\\\\frac{1}{2}'))", "mime": "text/latex"},
    ]
    completion_samples: ClassVar = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples: ClassVar = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n"]
    incomplete_code_samples: ClassVar = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples: ClassVar = ["import = 7q"]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")  # ipykernel calls the current session 0 in a range

    kc: BlockingKernelClient
    km: KernelManager

    @classmethod
    def setUpClass(cls) -> None:
        """Start this checkout's kernel."""
        kernel = Kernel()
        cls.km, cls.kc = kernel.manager, kernel.client


class TestWelcome(jupyter_kernel_test.IopubWelcomeTests):
    """The message that a new subscriber gets."""

    support_iopub_welcome = True

    @classmethod
    def setUpClass(cls) -> None:
        """Start this checkout's kernel."""
        cls.km = KernelManager(kernel_name="reactive_test", kernel_spec_manager=Specs())
        cls.km.start_kernel()
        cls.kc = cls.km.client()
