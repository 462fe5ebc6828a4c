"""A generation (Jr, Sr) parts people; having none does not."""

import polars as pl

from kinsync.domain.frames import CLEAN
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.evidence import keys_of
from kinsync.pipeline.link import link


def _rows(*rows: dict[str, str]) -> pl.DataFrame:
    """Kept rows of one contact each, every one at a student of its own."""
    numbered = [
        {"row": row, "part": 0, "student_sis_id": f"student {row}", "type": "Primary", **given}
        for row, given in enumerate(rows, start=2)
    ]
    return pl.DataFrame(numbered, schema=CLEAN)


def test_one_mailbox_joins_a_name_with_and_without_its_generation() -> None:
    john = {"name": "John Reyes", "name_key": "john reyes", "email": "john@example.org"}
    kept = _rows({**john, "name": "John Reyes Jr.", "name_suffix": "jr"}, john)

    linked = link(keys_of(kept, default_vocabulary()))

    assert linked.rows["person"].n_unique() == 1


def test_a_row_that_could_be_of_two_ids_says_so() -> None:
    dana = {"name": "Dana Reyes", "name_key": "dana reyes", "phone": "3605550110"}
    kept = _rows({**dana, "sis_id": "P7"}, {**dana, "sis_id": "P8"}, dana)

    linked = link(keys_of(kept, default_vocabulary()))

    assert linked.places.rows() == [(4, "link-conflict")]
