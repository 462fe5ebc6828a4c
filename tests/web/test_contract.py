"""Every answer fits the public description of its version."""

import pytest

from tests.web import swagger
from tests.web.lakeside import BRAM, IVO, IVO_LEDA, LEDA, RUKMINI, Application

pytestmark = pytest.mark.skipif(
    not swagger.CONTRACTS.exists(), reason="the public descriptions do not stand beside the project"
)

ANSWERS = [
    ("v1.2", "/contacts", "StudentContactsResponse"),
    ("v1.2", "/contacts?limit=1", "StudentContactsResponse"),
    ("v1.2", f"/contacts/{IVO_LEDA}", "StudentContactResponse"),
    ("v1.2", "/students", "StudentsResponse"),
    ("v1.2", f"/students/{LEDA}", "StudentResponse"),
    ("v1.2", f"/students/{BRAM}", "StudentResponse"),
    ("v1.2", f"/students/{LEDA}/contacts", "StudentContactsForStudentResponse"),
    *(
        (version, path, definition)
        for version in ("v3.0", "v3.1")
        for path, definition in (
            ("/users", "UsersResponse"),
            ("/users?role=contact", "UsersResponse"),
            ("/users?role=student&limit=1", "UsersResponse"),
            ("/users?role=teacher", "UsersResponse"),
            (f"/users/{RUKMINI}", "UserResponse"),
            (f"/users/{IVO}", "UserResponse"),
            (f"/users/{LEDA}", "UserResponse"),
            (f"/users/{BRAM}", "UserResponse"),
            (f"/users/{LEDA}/mycontacts", "UsersResponse"),
            (f"/users/{RUKMINI}/mystudents", "UsersResponse"),
        )
    ),
]
ERRORS = [
    ("v3.1", f"/users/{'f' * 24}", "NotFound"),
    ("v3.1", "/users?limit=x", "BadRequest"),
]


@pytest.mark.parametrize(("version", "path", "definition"), ANSWERS)
def test_an_answer_fits_its_description(
    app: Application, version: str, path: str, definition: str
) -> None:
    answer = app.read(f"/{version}{path}")

    problems = [
        error.message for error in swagger.validator(version, definition).iter_errors(answer)
    ]
    assert not problems


@pytest.mark.parametrize(("version", "path", "definition"), ERRORS)
def test_an_error_fits_its_description(
    app: Application, version: str, path: str, definition: str
) -> None:
    answer = app.get(f"/{version}{path}").json()

    assert swagger.validator(version, definition).is_valid(answer)


def test_a_word_outside_the_enumerations_would_be_found() -> None:
    person = {"data": {"roles": {"contact": {"phone_type": "Mobile"}}}}
    stranger = {"data": {"roles": {"contact": {"type": "Family"}}}}

    checks = swagger.validator("v3.1", "UserResponse")

    assert not checks.is_valid(person)
    assert not checks.is_valid(stranger)
