"""Who may sign in: those who were added, and nobody who signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from kinsync import bootstrap
from kinsync.transport.mail import Letter


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by ``kinsync user add`` and on the page Team."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By the same way as reports."""
        message = self.render_mail(template_prefix, email, context)
        post = bootstrap.post(bootstrap.read_settings())
        post(Letter(email, str(message.subject), str(message.body)))


class SingleSignOn(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Whoever the district's own server vouches for, if they were added here."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False
