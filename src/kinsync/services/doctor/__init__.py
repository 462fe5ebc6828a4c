"""Doctor: looks at a live installation, and says what to change. One small function per check.

``machine`` looks at this machine, ``database`` at the server and its walls, ``work`` at what is
done. The latter two are imported once the database has answered.
"""
