"""How much one client, one account and everybody together may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one process. Bytes and seconds where nothing else is said."""

    sessions: int = 250
    """Connections at once, from everybody."""
    sessions_per_account: int = 10
    file_bytes: int = 4 << 30
    """The largest file."""
    free_bytes: int = 512 << 20
    """Room that uploads leave on the disk: a full disk stops a database too."""
    handles: int = 16
    """Files and folders that one session has open at once."""
    channels: int = 4
    """Sessions over one connection."""
    window_bytes: int = 256 << 10
    """What a client may send before it is taken: times the sessions, this is memory."""
    write_bytes: int = 256 << 10
    """The largest write that clients are told to make."""
    checkpoint_bytes: int = 16 << 20
    """Received bytes after which an upload is hashed and synced that far."""
    checkpoint_seconds: float = 1.0
    """Time after which an upload under way sees whether its account is still open."""
    touch_seconds: float = 15.0
    """Time after which an upload under way is recorded as alive."""
    login_seconds: float = 60.0
    """How long a client may take to log in."""
    failure_seconds: float = 2.0
    """How long a wrong password takes, whoever tried it."""
    failures: int = 3
    """Wrong passwords over one connection."""
    keepalive_seconds: float = 30.0
    """Silence after which a client is asked whether it lives; three times, then it is lost."""
    idle_seconds: float = 600.0
    """How long a session may ask for nothing."""
    grace_seconds: float = 5.0
    """How long uploads under way may go on once the server is told to stop."""
    stop_seconds: float = 20.0
    """How long handing back what is under way may take after that."""
