"""Pictures for the report, as SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = {"respond": "#64748b", "curate": "#2563a8", "coach": "#3f8f4f", "execute": "#b5622a"}
WIDTH = 640


def days(by_day: Mapping[str, Mapping[str, int]]) -> str:
    """A stacked bar a day: which mode led how many decisions."""
    height, foot = 180, 22
    most = max((sum(mix.values()) for mix in by_day.values()), default=0) or 1
    step = WIDTH / max(len(by_day), 1)
    parts = []
    for n, (day, mix) in enumerate(by_day.items()):
        top = float(height)
        for mode, colour in COLOURS.items():
            tall = mix.get(mode, 0) / most * (height - 10)
            top -= tall
            parts.append(box(n * step + 1, top, step - 2, tall, colour, f"{day} {mode} {mix.get(mode, 0)}"))
        if n % 5 == 0:
            parts.append(text(n * step, height + 16, day[5:]))
    return picture(height + foot, parts, "decisions a day, by the mode that led")


def bars(rows: Sequence[tuple[str, float, float]], what: str) -> str:
    """A bar for each of (name, value, standard error), with two standard errors to each side."""
    high, left = 26, 190
    most = max((value + 2 * se for _, value, se in rows), default=0) or 1
    scale = (WIDTH - left - 90) / most
    parts = []
    for n, (name, value, se) in enumerate(rows):
        y = n * high
        parts.append(text(0, y + 17, name))
        parts.append(box(left, y + 4, value * scale, high - 8, COLOURS["execute" if n == 0 else "respond"], name))
        low, top = max(value - 2 * se, 0) * scale + left, (value + 2 * se) * scale + left
        parts.append(f'<line x1="{low:.1f}" x2="{top:.1f}" y1="{y + 13}" y2="{y + 13}" stroke="currentColor"/>')
        parts.append(text(top + 8, y + 17, f"{value:.4f}"))
    return picture(len(rows) * high, parts, what)


def promise(rows: Sequence[tuple[str, float, float, float]], promised: float) -> str:
    """For each of (name, share, low, high) a point with its interval, and the promise as a line."""
    high, left = 30, 260
    scale = (WIDTH - left - 70) / 1.0
    line = left + promised * scale
    dashed = 'stroke="#b5622a" stroke-dasharray="4 3"'
    parts = [f'<line x1="{line:.1f}" x2="{line:.1f}" y1="0" y2="{high * len(rows)}" {dashed}/>']
    for n, (name, share, low, top) in enumerate(rows):
        y = n * high + 15
        parts.append(text(0, y + 4, name))
        first, last = left + low * scale, left + top * scale
        parts.append(f'<line x1="{first:.1f}" x2="{last:.1f}" y1="{y}" y2="{y}" stroke="currentColor"/>')
        parts.append(f'<circle cx="{left + share * scale:.1f}" cy="{y}" r="4" fill="{COLOURS["curate"]}"/>')
        parts.append(text(left + scale + 8, y + 4, f"{share:.3f}"))
    return picture(
        high * len(rows), parts, f"share that was right, with 90 % intervals; dashed: the promise {promised}"
    )


def reliability(rows: Sequence[tuple[float, float, int]]) -> str:
    """What was said against what came, a circle a bin; on the diagonal they are the same."""
    side = 260
    parts = [f'<line x1="30" y1="{side}" x2="{side + 30}" y2="0" stroke="currentColor" stroke-opacity=".4"/>']
    most = max((n for *_, n in rows), default=1)
    for said, came, n in rows:
        size = 3 + 9 * (n / most) ** 0.5
        place = f'cx="{30 + said * side:.1f}" cy="{side - came * side:.1f}" r="{size:.1f}"'
        title = f"<title>said {said:.3f}, came {came:.3f}, {n:,} pairs</title>"
        parts.append(f'<circle {place} fill="{COLOURS["curate"]}" fill-opacity=".7">{title}</circle>')
    parts += [text(30, side + 18, "said 0"), text(side - 10, side + 18, "said 1"), text(0, 14, "1")]
    return picture(side + 26, parts, "forecast probability against what came", width=side + 60)


def box(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    """A rectangle that says its title where it is pointed at."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'<rect {place} fill="{colour}"><title>{escape(title)}</title></rect>'


def text(x: float, y: float, words: str) -> str:
    """Words, as they are."""
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def picture(height: float, parts: Sequence[str], title: str, width: float = WIDTH) -> str:
    """The parts as one SVG."""
    inner = "".join(parts)
    size = f'viewBox="0 0 {width} {height}" style="max-width:{width}px"'
    return f'<svg {size} role="img" aria-label="{escape(title)}">{inner}</svg>'
