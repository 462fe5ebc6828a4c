"""Which of allauth's pages are served: signing in and out, passwords, second factors, sessions.

Mailboxes are what people are known by here, so nobody changes their own. Whoever is invited chooses
a password; one that is lost is made anew with 'kinsync user password'.
"""

from allauth.account import urls as account
from allauth.socialaccount.providers.openid_connect import urls as openid_connect
from django.urls import URLPattern, URLResolver, include, path

from kinsync.web.accounts.invitations import invitation

KEPT = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",  # closed: its page says so
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
}

urlpatterns: list[URLPattern | URLResolver] = [
    *(one for one in account.urlpatterns if one.name in KEPT),
    path("invitation/<slug:district>/<str:secret>", invitation, name="invitation"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
    path("3rdparty/", include("allauth.socialaccount.urls")),
    *openid_connect.urlpatterns,
]
