"""Buckets of a server on this machine, which speaks as Amazon's does."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer


@contextmanager
def an_empty_bucket() -> Iterator[str]:
    """The setting that names one, until the end of the block; the environment leads there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    given = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        name = f"contacts-{uuid4().hex}"  # the servers of one process share their buckets
        boto3.client("s3").create_bucket(Bucket=name)
        yield f"s3://{name}/nightly"
    server.stop()
