"""What is in the way of this node: configuration, keys, clock, name, proxy, port, certificate, version.

Each check is a function that returns a finding with what to do next. A plain TLS handshake comes before the first call,
because gRPC reports every cause of a failed handshake as "unavailable".
"""

from __future__ import annotations

import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509

from node.config import NodeConfig
from node.errors import NodeError
from node.identity import IdentityFiles, certificate_end, load_transport_credentials
from node.link import SOFTWARE_VERSION, open_link

_PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
_CLOCK_TOLERANCE = timedelta(minutes=5)
_RENEWAL = timedelta(days=30)


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    LOOK = "look"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One check: what it is about, how it came out, what was found, and what to do next (empty when ok)."""

    check: str
    verdict: Verdict
    found: str
    next_step: str = ""


def check_state(config: NodeConfig) -> Finding:
    """The state folder holds keys and ledger and must be the owner's alone."""
    if not config.state.is_dir():
        return Finding("state", Verdict.FAILED, f"{config.state} is not there", "Run `newlyn-node init`.")
    if os.name == "posix" and stat.S_IMODE(config.state.stat().st_mode) & 0o077:
        return Finding("state", Verdict.LOOK, f"others may read {config.state}", f"chmod 700 {config.state}")
    return Finding("state", Verdict.OK, f"{config.state}")


def check_certificate(config: NodeConfig, now: datetime) -> Finding:
    """The council's certificate is there and in date."""
    try:
        end = certificate_end(IdentityFiles(config.state))
    except NodeError as error:
        return Finding("certificate", Verdict.FAILED, error.problem, error.next_step)
    if end <= now:
        return Finding("certificate", Verdict.FAILED, f"expired on {end:%d %B %Y}", "Ask for a new invitation.")
    if end - now < _RENEWAL:
        return Finding("certificate", Verdict.LOOK, f"expires on {end:%d %B %Y}", "Ask for a new invitation in time.")
    return Finding("certificate", Verdict.OK, f"valid until {end:%d %B %Y}")


def check_proxy(environment: Mapping[str, str]) -> Finding:
    """Which proxy gRPC will use. A proxy that inspects TLS breaks mutual TLS."""
    found = [name for name in _PROXY_VARIABLES if environment.get(name)]
    if not found:
        return Finding("proxy", Verdict.OK, "none is set in the environment")
    return Finding(
        "proxy",
        Verdict.OK,
        f"{found[0]} is set: calls go through it by HTTP CONNECT",
    )


def check_name(host: str) -> Finding:
    """The coordinator's name resolves."""
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return Finding(
            "name", Verdict.FAILED, f"{host} does not resolve", "Ask IT for DNS, or correct [coordinator] address."
        )
    return Finding("name", Verdict.OK, f"{host} resolves")


def check_port(host: str, port: int, timeout: float) -> Finding:
    """The coordinator's port can be reached."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return Finding("port", Verdict.OK, f"{host}:{port} accepts connections")
    except OSError:
        return Finding(
            "port",
            Verdict.FAILED,
            f"{host}:{port} cannot be reached",
            f"Ask IT to allow outbound TCP {port} to {host}; if a proxy is required, set https_proxy.",
        )


def _presented_issuer(host: str, port: int, timeout: float) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=timeout) as raw,
        context.wrap_socket(raw, server_hostname=host) as tls,
    ):
        presented = tls.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(presented).issuer.rfc4514_string() if presented else "nobody"


def check_server_certificate(config: NodeConfig, host: str, port: int, timeout: float) -> Finding:
    """A plain TLS handshake: tells TLS inspection, an expired certificate and a wrong name apart."""
    name = "server certificate"
    try:
        credentials = load_transport_credentials(IdentityFiles(config.state))
    except NodeError as error:
        return Finding(name, Verdict.FAILED, error.problem, error.next_step)
    context = ssl.create_default_context(cadata=credentials.root.decode())
    try:
        with (
            socket.create_connection((host, port), timeout=timeout) as raw,
            context.wrap_socket(raw, server_hostname=host) as tls,
        ):
            return Finding(name, Verdict.OK, f"the enrolment authority vouches for {host} ({tls.version()})")
    except ssl.SSLCertVerificationError as error:
        return _certificate_fault(name, error, host, port, timeout)
    except (ssl.SSLError, OSError):
        return Finding(
            name, Verdict.FAILED, "the TLS handshake was cut off", "Ask IT whether TLS on this port is intercepted."
        )


def _certificate_fault(name: str, error: ssl.SSLCertVerificationError, host: str, port: int, timeout: float) -> Finding:
    reason = error.verify_message
    if "expired" in reason or "not yet valid" in reason:
        return Finding(
            name,
            Verdict.FAILED,
            f"the coordinator's certificate is out of date, or this clock is wrong ({reason})",
            "Check this machine's clock; if it is right, tell the coordinator's operator.",
        )
    if "mismatch" in reason.lower():
        return Finding(
            name,
            Verdict.FAILED,
            f"the certificate is not for {host}",
            "Correct [coordinator] address to the name in the invitation.",
        )
    return Finding(
        name,
        Verdict.FAILED,
        f"the certificate was issued by {_presented_issuer(host, port, timeout)}, not by the enrolment authority",
        "This looks like TLS inspection. Ask IT to exempt this address: mutual TLS cannot be inspected.",
    )


def check_own_certificate_is_accepted(config: NodeConfig, host: str, port: int, timeout: float) -> Finding:
    """A TLS handshake with this node's certificate: in TLS 1.3 a server's refusal arrives with its first bytes."""
    name = "acceptance"
    files = IdentityFiles(config.state)
    try:
        context = ssl.create_default_context(cadata=load_transport_credentials(files).root.decode())
        context.load_cert_chain(files.certificate, files.transport_key)
    except NodeError as error:
        return Finding(name, Verdict.FAILED, error.problem, error.next_step)
    except (ssl.SSLError, OSError):
        return Finding(name, Verdict.FAILED, "the certificate and the key do not belong together", "Enrol again.")
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host, port), timeout=timeout) as raw,
            context.wrap_socket(raw, server_hostname=host) as tls,
        ):
            answered = bool(tls.recv(1))
    except (ssl.SSLError, OSError):
        answered = False
    if answered:
        return Finding(name, Verdict.OK, "the coordinator takes this node's certificate")
    return Finding(
        name,
        Verdict.FAILED,
        "the coordinator does not take this node's certificate",
        "If it is out of date, or another authority signed it, ask the coordinator's operator for a new invitation.",
    )


def check_coordinator(config: NodeConfig, now: Callable[[], datetime]) -> Iterator[Finding]:
    """A real call: the coordinator accepts us; versions and clocks agree."""
    try:
        credentials = load_transport_credentials(IdentityFiles(config.state))
        with open_link(config.coordinator.address, credentials, config.agent.deadline_seconds) as link:
            answer = link.hello()
    except NodeError as error:
        yield Finding("coordinator", Verdict.FAILED, error.problem, error.next_step)
        return
    yield Finding("coordinator", Verdict.OK, "knows this council")
    if answer.software_version.split(".")[:2] == SOFTWARE_VERSION.split(".")[:2]:
        yield Finding("version", Verdict.OK, f"{SOFTWARE_VERSION} here, {answer.software_version} there")
    else:
        yield Finding(
            "version",
            Verdict.LOOK,
            f"{SOFTWARE_VERSION} here, {answer.software_version} there",
            "Neighbouring minor versions work together; plan the upgrade.",
        )
    skew = abs(answer.time - now().timestamp())
    if skew <= _CLOCK_TOLERANCE.total_seconds():
        yield Finding("clock", Verdict.OK, "agrees with the coordinator's to within five minutes")
    else:
        yield Finding(
            "clock",
            Verdict.FAILED,
            f"differs from the coordinator's by {skew / 60:.0f} minutes",
            "Set the clock (NTP).",
        )


def _none_failed(findings: list[Finding]) -> bool:
    return all(finding.verdict is not Verdict.FAILED for finding in findings)


def examine(config: NodeConfig, now: Callable[[], datetime], environment: Mapping[str, str]) -> list[Finding]:
    """Runs every check, from the inside outward; later network checks are left out once one has failed."""
    host, _, port_text = config.coordinator.address.rpartition(":")
    port, timeout = int(port_text), config.agent.deadline_seconds
    findings = [check_state(config), check_certificate(config, now()), check_proxy(environment)]
    network = [check_name(host)]
    if not any(environment.get(name) for name in _PROXY_VARIABLES):
        if _none_failed(network):
            network.append(check_port(host, port, timeout))
        if _none_failed(network):
            network.append(check_server_certificate(config, host, port, timeout))
        if _none_failed(network):
            network.append(check_own_certificate_is_accepted(config, host, port, timeout))
    findings += network
    if _none_failed(findings):
        findings.extend(check_coordinator(config, now))
    return findings
