"""The report that travels in a release: what was attacked, what was found, what is kept, in one HTML page.

Self-contained: pictures are embedded, nothing is loaded from elsewhere. It never claims zero risk.
"""

from __future__ import annotations

import base64
import html
import shutil
from pathlib import Path

from anon_pipeline.release.evidence import Check, Evidence
from anon_pipeline.release.manifest import CALLED
from anon_pipeline.stages.base import StageContext

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{padding:.3rem .6rem;border-bottom:1px solid #d8dee4;
text-align:left;font-variant-numeric:tabular-nums}.pass{color:#116329}.fail{color:#a40e26;font-weight:600}
figure{margin:1.5rem 0}img{max-width:100%}code{font-size:.9em}
"""


def write_report(out: Path, context: StageContext, evidence: dict[str, Evidence]) -> None:
    """Write ``out/report.html`` and the figures that it shows."""
    out.mkdir(parents=True, exist_ok=True)
    parts = [_head(context), _modalities(context, evidence)]
    for group, title in (
        ("risk/", "Attacks on the release"),
        ("quality/", "Quality and utility"),
        ("anonymised/", "Checks of each modality"),
    ):
        parts.append(_checks(title, [(n, e) for n, e in evidence.items() if n.startswith(group)]))
    for name, item in evidence.items():
        if not name.startswith(("quality/", "embedding/", "risk/")):
            continue
        for record in item.outputs:
            if record.name.endswith(".png"):
                parts.append(_figure(context.folder(name) / record.name))
            elif record.name == "utility.json":
                shutil.copyfile(context.folder(name) / record.name, out / record.name)
    body = "\n".join(parts)
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Release report: {html.escape(context.cohort)}</title>"
        f"<style>{_STYLE}</style><body>{body}</body></html>\n"
    )
    (out / "report.html").write_text(page, encoding="utf-8")


def _head(context: StageContext) -> str:
    title = html.escape(context.policy.title or context.cohort)
    access = context.policy.release.access.value
    return (
        f"<h1>{title}</h1><p>Cohort <code>{html.escape(context.cohort)}</code>, {access} access. "
        "Anonymity is judged by the three criteria of the Article 29 Working Party, opinion 05/2014 (WP216): "
        "singling out, linkability, inference. No figure below says that the risk is zero: each says how often an "
        "attack succeeded beyond what it achieves on people who were never used, with a 95&nbsp;% interval, and the "
        "limit that the policy sets.</p>"
    )


def _modalities(context: StageContext, evidence: dict[str, Evidence]) -> str:
    rows = []
    for name, item in evidence.items():
        if name.startswith("anonymised/"):
            modality = name.removeprefix("anonymised/")
            track = context.policy.track(modality).value
            called = CALLED[track] if item.status == "done" else f"{item.status}: {item.reason}"
            counts = ", ".join(f"{k.replace('_', ' ')} {v:g}" for k, v in sorted(item.counts.items()))
            rows.append([modality, track, called, counts])
    return "<h2>What leaves</h2>" + _table(["modality", "track", "what it is", "counts"], rows)


def _checks(title: str, stages: list[tuple[str, Evidence]]) -> str:
    rows = []
    for name, item in stages:
        rows += [[name, *_cells(check)] for check in item.checks]
        rows += [[name, html.escape(note), "", "", "", ""] for note in item.notes]
    if not rows:
        return ""
    return f"<h2>{title}</h2>" + _table(["stage", "check", "value", "95 % interval", "limit", "verdict"], rows)


def _cells(check: Check) -> list[str]:
    interval = "" if check.low is None or check.high is None else f"{check.low:.3g} to {check.high:.3g}"
    verdict = "<span class=pass>held</span>" if check.passed else "<span class=fail>broken</span>"
    if not check.blocking:
        verdict = "reported"
    value = "" if check.value is None else f"{check.value:.3g}"
    limit = "" if check.limit is None else f"{check.limit:.3g}"
    detail = f"<br><small>{html.escape(check.detail)}</small>" if check.detail else ""
    return [html.escape(check.name) + detail, value, interval, limit, verdict]


def _table(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _figure(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    caption = html.escape(path.stem.replace("_", " "))
    image = f'<img alt="{caption}" src="data:image/png;base64,{content}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
