"""Mail: handed to a server by SMTP, or printed where none is set."""

import smtplib
import ssl
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from kinsync.domain.errors import ChangeInput, TryAgainLater

TIMEOUT_SECONDS = 30
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class SmtpPost:
    """A server at ``smtp://user:password@host:port``; ``smtps`` for TLS from the first byte.

    Where the server offers STARTTLS it is used, with its certificate checked; a password is never
    sent without TLS.
    """

    url: str
    sender: str

    def __call__(self, letter: Letter) -> None:
        """Hand over one mail.

        Raises:
            ChangeInput: the address of the server will not do, or it refuses what we say.
            TryAgainLater: it is away.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, letter.to, letter.subject
        message.set_content(letter.text)
        try:
            with self._connect() as server:
                server.send_message(message)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code < 500:
                raise TryAgainLater("The mail server cannot take mail now.") from None
            raise ChangeInput(
                "The mail server refused a report. Check KINSYNC_SMTP_URL, KINSYNC_MAIL_FROM and "
                "the mailboxes of 'kinsync team list'."
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise TryAgainLater(
                f"The mail server of KINSYNC_SMTP_URL is away ({type(error).__name__})."
            ) from None

    def _connect(self) -> smtplib.SMTP:
        address = urlsplit(self.url)
        place = check_address(self.url)
        safe = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(*place, timeout=TIMEOUT_SECONDS, context=safe)
            if address.scheme == "smtps"
            else smtplib.SMTP(*place, timeout=TIMEOUT_SECONDS)
        )
        try:
            _log_in(server, address, safe)
        except BaseException:
            server.close()
            raise
        return server


def check_address(url: str) -> tuple[str, int]:
    """Host and port of a mail server.

    Raises:
        ChangeInput: the address will not do.
    """
    address = urlsplit(url)
    if address.scheme not in _PORTS or not address.hostname:
        raise ChangeInput("KINSYNC_SMTP_URL must be like smtp://user:password@host:587.")
    return address.hostname, address.port or _PORTS[address.scheme]


def _log_in(server: smtplib.SMTP, address: SplitResult, safe: ssl.SSLContext) -> None:
    server.ehlo()
    if address.scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=safe)
    elif address.scheme == "smtp" and address.username:
        raise ChangeInput(
            "The mail server of KINSYNC_SMTP_URL offers no TLS, and a password is not sent "
            "without it."
        )
    if address.username:
        server.login(unquote(address.username), unquote(address.password or ""))


def print_letter(letter: Letter) -> None:
    """Show a mail where no server is set."""
    sys.stderr.write(f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}\n")
