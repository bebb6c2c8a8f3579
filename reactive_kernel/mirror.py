"""A client's copy of a notebook, kept current by the coordinator's messages.

Pure: a message in, the copy changed.  What it shows after the same messages is the same for every client.
"""

from __future__ import annotations

from reactive_kernel.protocol import Json

STATUS_FIELDS = {
    "status": "status",
    "fresh": "fresh",
    "hasRun": "has_run",
    "executionCount": "execution_count",
    "seconds": "seconds",
    "problem": "problem",
}


class Mirror:
    """The notebook as last told."""

    def __init__(self) -> None:
        self.cells: list[Json] = []
        self.edges: list[Json] = []
        self.mode = "auto"
        self.path = ""
        self.kernel_status = "starting"
        self.kernel_errors: list[str] = []
        self.databases: dict[str, Json] = {}
        self.cascade: Json = {}
        self.seq = -1
        self.revision = -1

    def cell(self, cell_id: str) -> Json:
        """A cell by its id."""
        found = next((cell for cell in self.cells if cell["cellId"] == cell_id), None)
        if found is None:
            raise KeyError(f"There is no cell {cell_id!r}.")
        return found

    def text(self, cell_id: str) -> str:
        """All that a cell shows as text: streams, results, errors."""
        parts: list[str] = []
        for output in self.cell(cell_id)["outputs"]:
            if output["output_type"] == "stream":
                parts.append(output["text"])
            elif output["output_type"] == "error":
                parts.append(f"{output['ename']}: {output['evalue']}\n")
            else:
                parts.append(str(output["data"].get("text/plain", "")) + "\n")
        return "".join(parts)

    def take(self, message: Json) -> None:
        """One message of the coordinator."""
        self.seq, self.revision = message["seq"], message["revision"]
        take = getattr(self, f"_take_{message['type']}", None)
        if take is not None:
            take(message)

    def _take_notebook(self, message: Json) -> None:
        self.cells, self.edges, self.mode = message["cells"], message["edges"], message["mode"]
        self.path, self.kernel_status = message["path"], message["kernel"]["status"]

    def _take_cell_status(self, message: Json) -> None:
        self.cell(message["cellId"]).update({own: message[name] for name, own in STATUS_FIELDS.items()})

    def _take_cell_updated(self, message: Json) -> None:
        self.cell(message["cellId"]).update(message["cell"])

    def _take_cell_created(self, message: Json) -> None:
        self.cells.insert(message["index"], {**message["cell"], "outputs": []})

    def _take_cell_deleted(self, message: Json) -> None:
        self.cells.remove(self.cell(message["cellId"]))

    def _take_cell_moved(self, message: Json) -> None:
        cell = self.cell(message["cellId"])
        self.cells.remove(cell)
        self.cells.insert(message["index"], cell)

    def _take_cell_cleared(self, message: Json) -> None:
        self.cell(message["cellId"])["outputs"] = []

    def _take_cell_stdout(self, message: Json) -> None:
        outputs = self.cell(message["cellId"])["outputs"]
        if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == message["name"]:
            outputs[-1]["text"] += message["data"]
        else:
            outputs.append({"output_type": "stream", "name": message["name"], "text": message["data"]})

    def _take_cell_output(self, message: Json) -> None:
        output: Json = {
            "output_type": message["kind"],
            "data": message["output"],
            "metadata": message["metadata"],
        }
        if message["kind"] == "execute_result":
            output["execution_count"] = message["executionCount"]
        outputs = self.cell(message["cellId"])["outputs"]
        outputs[message["index"] : message["index"] + 1] = [output]

    def _take_cell_error(self, message: Json) -> None:
        fault = {key: message[key] for key in ("ename", "evalue", "traceback")}
        self.cell(message["cellId"])["outputs"].append({"output_type": "error", **fault})

    def _take_edges(self, message: Json) -> None:
        self.edges = message["edges"]

    def _take_mode(self, message: Json) -> None:
        self.mode = message["mode"]

    def _take_cascade(self, message: Json) -> None:
        self.cascade = message

    def _take_db_connection_updated(self, message: Json) -> None:
        self.databases[message["name"]] = {key: message[key] for key in ("status", "error") if key in message}

    def _take_kernel_status(self, message: Json) -> None:
        self.kernel_status = message["status"]

    def _take_kernel_error(self, message: Json) -> None:
        self.kernel_errors.append(message["error"])
