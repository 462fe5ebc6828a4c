"""The SFTP door: the only place where code is asynchronous.

It speaks the protocol and asks services in threads; what an upload is, and when it counts, is not
decided here.
"""
