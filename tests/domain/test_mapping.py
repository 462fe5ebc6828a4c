"""A mapping says everything that is wrong with it, at once."""

import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.domain.mapping import Mapping


def refusal(text: str) -> str:
    with pytest.raises(ChangeInput) as refused:
        Mapping.from_toml(text, name="mapping.toml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields = [", "not valid TOML"),
        ("[field]", "'field' is not known"),
        ('[fields.contact_fax]\ncolumn = "Fax"', "'contact_fax' is not a field"),
        ('[fields]\ncontact_name = "Name"', "contact_name must be a table"),
        ("[fields.contact_name]\nturn = true", "needs exactly one of"),
        ('[fields.contact_name]\ncolumn = "A"\njoin = ["B"]', "needs exactly one of"),
        ('[fields.contact_name]\ncolumn = "A"\nupper = true', "has 'upper'"),
        ('[words.kind]\n"x" = "Parent"', "words.kind is not a list"),
        ('[words.relationship]\n"Tata" = "Dad"', "'Dad' is not one of Parent"),
    ],
)
def test_a_fault_is_named_with_what_would_do(text: str, said: str) -> None:
    assert said in refusal(text)


def test_every_fault_is_named_at_once() -> None:
    text = '[fields.contact_fax]\ncolumn = "F"\n[fields.contact_name]\n[words.kind]\n'

    assert all(part in refusal(text) for part in ("contact_fax", "contact_name", "words.kind"))


def test_a_mapping_speaks_over_another_and_leaves_the_rest() -> None:
    base = Mapping.from_toml(
        '[fields.contact_name]\ncolumn = "A"\n[fields.contact_phone]\ncolumn = "P"\n'
        '[words.type]\n"x" = "Other"',
        name="base",
    )
    own = Mapping.from_toml(
        '[fields.contact_name]\njoin = ["F", "L"]\n[words.type]\n"y" = "Family"', name="own"
    ).over(base)

    assert own.feeds["contact_name"].columns == ("F", "L")
    assert own.feeds["contact_phone"].columns == ("P",)
    assert own.words["type"] == {"x": "Other", "y": "Family"}
