"""How `patchkit rebase` tells a person what became of the patches, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.rebase.outcome import Outcome
from patchkit.report import rebase as report
from patchkit.workspace.resolutions import FOLDER as RESOLUTIONS

if TYPE_CHECKING:
    from patchkit.console import Console
    from patchkit.report.rebase import RebaseReport


def tell(console: Console, told: RebaseReport, source: str) -> None:
    """Print the report; `source` is where the target's tree came from, in a few words."""
    console.say(f"{told.base} -> {told.release} ({source})", Tone.STRONG)
    console.table(report.table(told))
    for line in report.look_lines(told):
        console.say(line, Tone.CARE)
    for lines in (report.dropped_lines, report.evidence_lines, report.conflict_lines, _ending):
        for text, tone in lines(told):
            console.say(text, tone)
    console.document(told)


def _ending(told: RebaseReport) -> list[tuple[str, Tone]]:
    """The last lines: what was written, or what to do."""
    would = "would write" if told.dry_run else "wrote"
    if told.complete and told.written:
        left_out = [p.name for p in told.patches if p.file is None]
        without = f", without {', '.join(left_out)}" if left_out else ""
        kept = [path for path in told.written if path.startswith(f"{RESOLUTIONS}/")]
        return [
            (f"{would} patches/{told.release}/ and patches/lock.json{without}", Tone.GOOD),
            *((f"what you decided is kept in {path}", Tone.GOOD) for path in kept),
        ]
    if told.complete:
        return [("nothing to write: patches/ is as it should be", Tone.GOOD)]
    if told.edit is None:
        return [("nothing was written", Tone.PLAIN)]
    stopped = told.patches[-1]
    name = stopped.name
    proposed = stopped.outcome is Outcome.PROPOSED
    return [
        *([(f"To take what is proposed: patchkit rebase --accept {name}", Tone.GOOD)] * proposed),
        (f"patches/ is untouched. The files that '{name}' touches are in", Tone.PLAIN),
        (f"  {told.edit}", Tone.STRONG),
        (
            "Edit them until no conflict markers are left, then: patchkit rebase --continue",
            Tone.PLAIN,
        ),
        ("To leave the patch out: patchkit rebase --skip   To forget all: --abort", Tone.PLAIN),
    ]
