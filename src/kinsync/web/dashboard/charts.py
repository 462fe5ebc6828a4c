"""Drawings of figures as SVG: in the colours of the page, with words for who does not see them.

Beside each stands the table with the same figures; the drawing itself is one image with a title.
"""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

HEIGHT, TOP, FOOT, LEFT = 180, 14, 34, 52
SLOT = 64
"""Width of a column with its room."""
LINES = 4
MOST_LABELS = 16
"""Columns of which each is labelled; of more, some."""

GRID_LINE = (
    f'<line class="grid" x1="{LEFT}" y1="{{0}}" x2="{{1}}" y2="{{0}}"/>'
    f'<text class="scale" x="{LEFT - 8}" y="{{2}}">{{3}}</text>'
)
Column = tuple[str, Sequence[int]]


@register.simple_tag
def columns(drawn: Sequence[Column], title: str, kinds: str) -> SafeString:
    """Columns beside one another, each of parts that stand on one another.

    Args:
        drawn: label and parts of each column.
        title: what a screen reader says of the whole.
        kinds: the class of each part, separated by commas, the lowest first.
    """
    top = _round_up(max((sum(parts) for _, parts in drawn), default=0))
    width = LEFT + SLOT * max(len(drawn), 1)
    return format_html(
        '<svg class="chart" width="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        width,
        width,
        TOP + HEIGHT + FOOT,
        title,
        _grid(top, width),
        format_html_join(
            "",
            "{}{}",
            (
                (_stack(number, parts, top, kinds.split(",")), _label(number, label, len(drawn)))
                for number, (label, parts) in enumerate(drawn)
            ),
        ),
    )


@register.simple_tag
def lines(drawn: Sequence[tuple[str, Sequence[float]]], title: str, kinds: str) -> SafeString:
    """Shares that go on from one label to the next, a line for each kind.

    Args:
        drawn: label of each place, and a share from 0 to 100 for each line.
        title: what a screen reader says of the whole.
        kinds: the class of each line, separated by commas.
    """
    lowest = min((min(shares) for _, shares in drawn), default=0.0)
    low = max(0, 10 * int((lowest - 5) // 10))
    width = LEFT + SLOT * max(len(drawn), 1)
    points = [
        [
            (LEFT + SLOT * place + SLOT // 2, round(_height(shares[number], low), 1))
            for place, (_, shares) in enumerate(drawn)
        ]
        for number in range(len(kinds.split(",")))
    ]
    return format_html(
        '<svg class="chart" width="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        width,
        width,
        TOP + HEIGHT + FOOT,
        title,
        _scale(low, width),
        SafeString("".join(map(_line, kinds.split(","), points))),
        format_html_join(
            "",
            "{}",
            ((_label(place, label, len(drawn)),) for place, (label, _) in enumerate(drawn)),
        ),
    )


def _height(share: float, low: int) -> float:
    return TOP + HEIGHT - HEIGHT * (share - low) / (100 - low)


def _scale(low: int, width: int) -> SafeString:
    """Lines across the drawing, with the share that each stands for."""
    steps = [low + (100 - low) * step / LINES for step in range(LINES + 1)]
    drawn = [(y, width, y + 4, f"{share:g}%") for share in steps for y in [_height(share, low)]]
    return format_html_join("", GRID_LINE, drawn)


def _line(kind: str, points: Sequence[tuple[int, float]]) -> SafeString:
    return format_html(
        '<polyline class="{}" points="{}"/>{}',
        kind,
        " ".join(f"{x},{y}" for x, y in points),
        format_html_join("", f'<circle class="{kind}" cx="{{}}" cy="{{}}" r="3"/>', points),
    )


@register.simple_tag
def spark(counts: Sequence[tuple[int, int]]) -> SafeString:
    """How often something was found in each of some syncs, as columns as high as a line of text.

    Args:
        counts: number of the sync and how often, the oldest first.
    """
    most = max(max(count for _, count in counts), 1)
    said = ", ".join(f"{count:,} in sync {sync}" for sync, count in counts)
    heights = [(10 * place, round(20 * count / most, 1)) for place, (_, count) in enumerate(counts)]
    return format_html(
        '<svg class="spark" viewBox="0 0 {} 20" width="{}" role="img" aria-label="{}">'
        "<title>{}</title>{}</svg>",
        10 * len(counts),
        10 * len(counts),
        said,
        said,
        format_html_join(
            "",
            '<rect x="{}" y="{}" width="7" height="{}"/>',
            ((x, 20 - max(height, 1), max(height, 1)) for x, height in heights),
        ),
    )


@register.simple_tag
def rate(part: int, whole: int, tone: str = "") -> SafeString:
    """How much of the whole is there: a bar and its share, for a cell of a table.

    Without a tone it is that of good or bad: more is better.
    """
    share = 100 * part / whole if whole else 0.0
    tone = tone or ("good" if share >= 90 else "warn" if share >= 60 else "bad")
    return format_html(
        '<svg class="bar rate {}" viewBox="0 0 100 6" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect class="track" width="100" height="6"/>'
        '<rect class="fill" width="{}" height="6"/></svg><span class="num">{}</span>',
        tone,
        round(share, 1),
        f"{share:.0f}%" if whole else "–",
    )


def _stack(number: int, parts: Sequence[int], top: int, kinds: Sequence[str]) -> SafeString:
    drawn, below = [], 0
    for part, kind in zip(parts, kinds, strict=True):
        height = HEIGHT * part / top
        y = TOP + HEIGHT - HEIGHT * below / top - height
        if part:
            drawn.append(
                (kind, LEFT + SLOT * number + 12, round(y, 1), SLOT - 24, round(height, 1))
            )
        below += part
    return format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', drawn)


def _label(number: int, label: str, count: int) -> SafeString:
    every = -(-count // MOST_LABELS)
    if number % every:
        return SafeString("")
    return format_html(
        '<text class="foot" x="{}" y="{}">{}</text>',
        LEFT + SLOT * number + SLOT // 2,
        TOP + HEIGHT + 20,
        label,
    )


def _grid(top: int, width: int) -> SafeString:
    drawn = [
        (y, width, y + 4, f"{top * step // LINES:,}")
        for step in range(LINES + 1)
        for y in [round(TOP + HEIGHT - HEIGHT * step / LINES, 1)]
    ]
    return format_html_join("", GRID_LINE, drawn)


def _round_up(most: int) -> int:
    """The least number not below ``most`` of which a quarter is one digit and zeros."""
    quarter, power = -(-most // LINES), 1
    while quarter > 9 * power:
        power *= 10
    return LINES * max(-(-quarter // power), 1) * power
