"""hotsos's own words on each log of a corpus, as JSON lines. Runs in hotsos's environment: `python
hotsos_answers.py CORPUS`.

Each log is given to it as the kern.log of a sosreport, and its reader of OOM traces is asked for
what it found.
"""

import json
import sys
import tempfile
from pathlib import Path

from hotsos.core.config import HotSOSConfig
from hotsos.core.plugins.kernel.kernlog.calltrace import CallTraceManager


def answers(log: Path) -> list[dict[str, object]]:
    """The processes that it says were killed, in order."""
    with tempfile.TemporaryDirectory() as directory:
        kern_log = Path(directory) / "root/var/log/kern.log"
        kern_log.parent.mkdir(parents=True)
        kern_log.write_bytes(log.read_bytes())
        HotSOSConfig.set(
            data_root=f"{directory}/root",
            plugin_tmp_dir=directory,
            global_tmp_dir=directory,
            part_name="kernel",
        )
        return [
            {"pid": int(trace.pid), "invoker": trace.procname}
            for trace in CallTraceManager().oom_killer
        ]


def main() -> None:
    """One line for each log; an exception is its answer, too."""
    for log in sorted(Path(sys.argv[1]).glob("*.log")):
        try:
            said: dict[str, object] = {"id": log.stem, "kills": answers(log)}
        except Exception as error:  # whatever it fails with is what is recorded
            said = {"id": log.stem, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


main()
