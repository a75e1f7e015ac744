"""PostgreSQL in a container, through testcontainers. The image is BGMIGRATE_TEST_IMAGE, `postgres:17` when not said."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import warnings
from collections.abc import Iterator
from importlib.util import find_spec

IMAGE = os.environ.get("BGMIGRATE_TEST_IMAGE", "postgres:17")


@functools.cache
def missing() -> str | None:
    """Why it cannot be had: no package, no engine that answers, or an image that would have to be pulled first."""
    if not find_spec("testcontainers"):
        return "testcontainers is not installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its libraries say about themselves is no matter of ours
        reason = _ask()
        gc.collect()  # a client that fails to connect leaves its socket to the collector, which warns of it
    return reason


def _ask() -> str | None:
    import docker
    import docker.errors

    try:
        with contextlib.closing(docker.from_env(timeout=5)) as client:
            client.images.get(IMAGE)
    except docker.errors.ImageNotFound:
        return f"a Docker engine answers, but has no image {IMAGE} (docker pull {IMAGE}, or set BGMIGRATE_TEST_IMAGE)"
    except docker.errors.DockerException:
        return "no Docker engine answers"
    return None


@contextlib.contextmanager
def start() -> Iterator[str]:
    """Its URL; the container goes at the end.

    As with the other kinds it is `postgres@` without a password, and every role is let in: tests make other roles' URLs from it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of testcontainers about itself
        try:
            from testcontainers.community.postgres import PostgresContainer
        except ImportError:  # testcontainers < 4.15
            from testcontainers.postgres import PostgresContainer

        made = PostgresContainer(IMAGE, username="postgres", dbname="postgres")
        with made.with_env("POSTGRES_HOST_AUTH_METHOD", "trust") as container:
            yield f"postgresql://postgres@{container.get_container_host_ip()}:{container.get_exposed_port(container.port)}/postgres"
