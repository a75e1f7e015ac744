"""Kubernetes: a Service's selector, patched only if nobody changed the Service since it was read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from bgmigrate.dataplane import KubernetesSettings
from bgmigrate.errors import ConfigurationError
from bgmigrate.routing.actuator import Actuator, silent
from bgmigrate.settings import Settings

_ATTEMPTS = 5  # at a Service that somebody else changes meanwhile


class Service:
    """One Service of one cluster, by the official client and the kubeconfig (or the pod's account) that it finds. It may get and patch services, and
    get deployments/status."""

    kind = "kubernetes"
    first = False

    def __init__(self, settings: KubernetesSettings) -> None:
        self.settings, self.name = settings, f"{settings.namespace}/{settings.service}"
        self._client: Any = None

    def ready(self, environment: str) -> str | None:
        """The environment's Deployment must have an available replica."""
        deployment = self.settings.deployments.get(environment)
        if deployment is None:
            return None
        with self._asking() as client:
            found = client.AppsV1Api(self._client).read_namespaced_deployment_status(deployment, self.settings.namespace, **self._limits)
        status = found.status
        if status.available_replicas:
            return None
        return f"no replica of Deployment {deployment} is available ({status.replicas or 0} wanted)"

    def apply(self, environment: str) -> None:
        """Patch the selector with the resourceVersion that was read: 409 when it is another by now, and then it is read again."""
        for attempt in range(_ATTEMPTS):
            service = self._read()
            if (service.spec.selector or {}).get(self.settings.label) == self._value(environment):
                return
            body = {
                "metadata": {"resourceVersion": service.metadata.resource_version},
                "spec": {"selector": {self.settings.label: self._value(environment)}},  # a merge: the other labels stay
            }
            with self._asking(conflict=attempt < _ATTEMPTS - 1) as client:
                client.CoreV1Api(self._client).patch_namespaced_service(self.settings.service, self.settings.namespace, body, **self._limits)
                return

    def observe(self) -> str | None:
        """The environment that the selector selects."""
        value = (self._read().spec.selector or {}).get(self.settings.label)
        return next((e for e in ("blue", "green") if self._value(e) == value), value)

    def inflight(self, environment: str) -> int | None:
        """A Service does not count requests."""

    def _read(self) -> Any:
        with self._asking() as client:
            return client.CoreV1Api(self._client).read_namespaced_service(self.settings.service, self.settings.namespace, **self._limits)

    def _value(self, environment: str) -> str:
        return self.settings.values.get(environment, environment)

    @property
    def _limits(self) -> dict[str, float]:
        return {"_request_timeout": self.settings.timeout}

    @contextlib.contextmanager
    def _asking(self, *, conflict: bool = False) -> Iterator[Any]:
        """The client's modules; its errors as ours. `conflict`: a 409 is let pass, for the caller tries again."""
        from kubernetes import client, config
        from urllib3.exceptions import HTTPError

        try:
            if self._client is None:
                self._client = self._opened(client, config)
            yield client
        except client.ApiException as error:
            if not (conflict and error.status == 409):
                raise silent(self.kind, self.name, f"HTTP {error.status} {error.reason}") from None
        except HTTPError as error:
            raise silent(self.kind, self.name, str(getattr(error, "reason", None) or error)) from None
        except config.ConfigException as error:
            raise ConfigurationError(f"no cluster is configured: {error}", next="Set KUBECONFIG, or the actuator's context.") from None

    def _opened(self, client: Any, config: Any) -> Any:
        configuration = client.Configuration()
        configuration.retries = False  # its own tries would take three times our timeout
        file = os.environ.get("KUBECONFIG")  # the client reads it once, when it is imported
        if "KUBERNETES_SERVICE_HOST" in os.environ and self.settings.context is None and file is None:
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(file, context=self.settings.context, client_configuration=configuration)
        return client.ApiClient(configuration)


def instances(settings: Settings, one: KubernetesSettings) -> list[Actuator]:
    """The Service. Raises ConfigurationError when the client is not installed."""
    if find_spec("kubernetes") is None:
        raise ConfigurationError("an actuator is Kubernetes, and its client is not installed", next="pip install 'bgmigrate[kubernetes]'")
    return [Service(one)]
