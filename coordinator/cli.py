"""newlyn-coordinator: the operator's command line.

Every command has --help with an example and --format text|json. Exit code 0 means done; the codes of what can be wrong
are listed in `coordinator.errors`.
"""

from __future__ import annotations

import asyncio
import csv
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from coordinator import founding, lifecycle, membership, screens
from coordinator.authority import Authority, load_authority
from coordinator.collection_commands import collection_commands
from coordinator.command_line import format_option, home_option, opened_store, reporting, said, show, utc_now
from coordinator.config import CoordinatorConfig, load_config
from coordinator.epoch_commands import epoch_commands, sign_epoch_command
from coordinator.errors import UsageProblem
from coordinator.files import CoordinatorFiles, load_signing_key, read_required, write_private
from coordinator.framework_commands import framework_commands
from coordinator.lifecycle import Received
from coordinator.log import make_logger
from coordinator.membership import WaitingRequest
from coordinator.privacy_commands import privacy_command
from coordinator.publication.words import STATUS
from coordinator.round_commands import round_commands
from coordinator.status import read_status
from coordinator.store.audit import list_entries
from coordinator.store.database import open_store
from coordinator.wire import SOFTWARE_VERSION
from protos.signing import public_bytes

_WATCH_SECONDS = 0.5
_ADDRESS = re.compile(r"[^\s:]+:[0-9]{1,5}")


_authority = click.option(
    "--authority",
    "authority_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the enrolment authority's key. Default: [authority] folder in coordinator.toml.",
)


def _load_authority(config: CoordinatorConfig, folder: Path | None) -> Authority:
    return load_authority(folder or config.authority.folder)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(SOFTWARE_VERSION, prog_name="newlyn-coordinator")
def main() -> None:
    """Enrol councils, open collections, watch who has answered, publish the national benchmark.

    \b
    First day:
      newlyn-coordinator init --dir coordinator --host newlyn.example
      newlyn-coordinator serve --dir coordinator
      newlyn-coordinator invite --dir coordinator --council 301 --address newlyn.example:8443 --out 301.json
      newlyn-coordinator authority sign --dir coordinator
      newlyn-coordinator collection validate 2025-annual.toml
    """


@main.command()
@home_option
@click.option("--host", required=True, help="The DNS name or IP address that councils will call.")
@click.option("--name", default="england", show_default=True, help="Name in the server's certificate.")
@format_option
@reporting
def init(home: Path, host: str, name: str, output_format: str) -> None:
    """Make a coordinator: keys, certificates, an empty database and coordinator.toml.

    \b
    Example: newlyn-coordinator init --dir coordinator --host newlyn.example
    """
    if re.fullmatch(r"[0-9A-Za-z.:-]{1,253}", host) is None or re.fullmatch(r"[a-z0-9-]{1,40}", name) is None:
        raise UsageProblem(
            "--host or --name has a character that cannot stand there.", "Example: --host newlyn.example"
        )
    config = founding.found(home, host, name, utc_now())
    said(
        output_format,
        {"dir": str(home), "authority": str(config.authority.folder)},
        f"A coordinator is in {home}. The enrolment authority's key is in {config.authority.folder}: the server does "
        f"not need it, so keep it apart.\nNext: newlyn-coordinator serve --dir {home}",
    )


@main.command()
@home_option
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option(
    "--address-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help='Write {"address": "host:port"} here once the server listens.',
)
@reporting
def serve(home: Path, port: int | None, address_file: Path | None) -> None:
    """Serve councils until stopped. SIGTERM lets calls in flight finish. The log goes to standard error, as JSON lines.

    \b
    Example: newlyn-coordinator serve --dir coordinator
    """
    from coordinator.assembly import open_service
    from coordinator.server import ServerCredentials, serve

    config, files = load_config(home), CoordinatorFiles(home)
    settings = config.server if port is None else config.server.model_copy(update={"port": port})
    credentials = ServerCredentials(
        read_required(files.server_key), read_required(files.server_certificate), read_required(files.root_certificate)
    )

    def started(bound: int) -> None:
        if address_file is not None:
            write_private(address_file, json.dumps({"address": f"{config.host}:{bound}"}).encode())

    def forget_address() -> None:
        if address_file is not None:
            address_file.unlink(missing_ok=True)

    forget_address()
    try:
        with closing(open_store(files.database)) as store:
            service = open_service(files, store, config.rounds, utc_now)
            asyncio.run(serve(service, credentials, settings, make_logger(), started))
    finally:
        forget_address()


@main.group("config")
def config_group() -> None:
    """The coordinator's configuration."""


@config_group.command("show")
@home_option
@reporting
def config_show(home: Path) -> None:
    """Print the effective configuration as JSON, the environment included. It holds no secret.

    \b
    Example: newlyn-coordinator config show --dir coordinator
    """
    click.echo(json.dumps(load_config(home).public(), indent=2))


@main.group()
def authority() -> None:
    """The enrolment authority: whoever holds its key decides who is a council."""


def _ask(request: WaitingRequest) -> bool:
    click.echo(screens.request_text(request), err=True)
    return click.confirm("Sign it? Compare both fingerprints with the council, by telephone", default=False, err=True)


def _announce(request: WaitingRequest) -> bool:
    click.echo(screens.request_text(request), err=True)
    return True


@authority.command()
@home_option
@_authority
@click.option("--watch", is_flag=True, help="Go on looking for requests until stopped.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
@format_option
@reporting
def sign(home: Path, authority_folder: Path | None, watch: bool, yes: bool, output_format: str) -> None:
    """Sign the certificate requests of councils that were invited, after showing each one's fingerprints.

    \b
    Example: newlyn-coordinator authority sign --dir coordinator
    """
    held = _load_authority(load_config(home), authority_folder)
    refused: set[int] = set()

    def confirm(request: WaitingRequest) -> bool:
        if request.enrolment.id in refused:
            return False
        accepted = (_announce if yes else _ask)(request)
        if not accepted:
            refused.add(request.enrolment.id)
        return accepted

    with opened_store(home) as store:
        signed = membership.sign_waiting(store, held, confirm, utc_now())
        while watch:
            time.sleep(_WATCH_SECONDS)
            membership.sign_waiting(store, held, confirm, utc_now())
    said(output_format, {"signed": signed}, f"Signed for {', '.join(signed) or 'nobody: no request is waiting'}.")


@authority.command("renew-server")
@home_option
@_authority
@format_option
@reporting
def renew_server(home: Path, authority_folder: Path | None, output_format: str) -> None:
    """Sign a new certificate for the server; restart the server to use it.

    \b
    Example: newlyn-coordinator authority renew-server --dir coordinator
    """
    config = load_config(home)
    held = _load_authority(config, authority_folder)
    certificate = founding.certify_server(CoordinatorFiles(home), held, config.host, config.name, utc_now())
    end = certificate.not_valid_after_utc
    said(output_format, {"valid_until": end.isoformat()}, f"Valid until {end:%d %B %Y}. Restart the server to use it.")


def _codes_in(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            column = next((name for name in ("la_code", "code") if name in (reader.fieldnames or ())), None)
            codes = [row[column].strip() for row in reader] if column else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageProblem(f"{path} cannot be read.", "Check the file's name.") from error
    if not codes:
        raise UsageProblem(f"{path} has no column la_code, or no rows.", "Give a CSV file with a column la_code.")
    return list(dict.fromkeys(codes))


def _invitees(council: str | None, all_councils: Path | None, out: Path) -> Iterator[tuple[str, Path]]:
    if (council is None) == (all_councils is None):
        raise UsageProblem("Say who is invited.", "Give either --council CODE or --all-councils FILE.")
    if council is not None:
        yield council, out
    elif all_councils is not None:
        for code in _codes_in(all_councils):
            yield code, out / f"{code}.json"


@main.command()
@home_option
@_authority
@click.option("--council", help="Three-digit code of one council; --out is then a file.")
@click.option(
    "--all-councils",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file with a column la_code; --out is then a folder.",
)
@click.option("--address", required=True, help="What councils call, as host:port.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The invitation file, or their folder.")
@format_option
@reporting
def invite(
    home: Path,
    authority_folder: Path | None,
    council: str | None,
    all_councils: Path | None,
    address: str,
    out: Path,
    output_format: str,
) -> None:
    """Write an invitation for one council, or for each in a list. Hand it over by a channel you trust.

    \b
    Examples:
      newlyn-coordinator invite --dir coordinator --council 301 --address newlyn.example:8443 --out 301.json
      newlyn-coordinator invite --dir coordinator --all-councils councils.csv --address newlyn.example:8443 --out out/
    """
    if _ADDRESS.fullmatch(address) is None:
        raise UsageProblem(f"{address} is not host:port.", "Example: --address newlyn.example:8443")
    invitees = list(_invitees(council, all_councils, out))
    for code, _ in invitees:
        membership.council_name(code)
    held = _load_authority(load_config(home), authority_folder)
    signing_key = public_bytes(load_signing_key(CoordinatorFiles(home)))
    console = Console(stderr=True)
    with opened_store(home) as store:
        for code, path in track(invitees, "Inviting", console=console, disable=len(invitees) == 1, transient=True):
            invitation = membership.invite(store, held, signing_key, code, address, utc_now())
            write_private(path, invitation.to_text().encode())
    said(
        output_format,
        {"invitations": [{"council": code, "file": str(path)} for code, path in invitees]},
        f"{len(invitees)} invitation(s) in {out}. Each is as secret as a password until it is used.",
    )


@main.command()
@home_option
@click.option("--council", required=True, help="Three-digit code.")
@format_option
@reporting
def revoke(home: Path, council: str, output_format: str) -> None:
    """End a council's membership at once: its certificates, its invitation, and its request.

    What it sent before stays. It can be invited again.

    \b
    Example: newlyn-coordinator revoke --dir coordinator --council 301
    """
    with opened_store(home) as store:
        membership.revoke(store, council, utc_now())
    said(output_format, {"revoked": council}, f"{council} is revoked from its next call on.")


@main.command("status")
@home_option
@format_option
@reporting
def status_command(home: Path, output_format: str) -> None:
    """Collections, who has answered, and when each council's node last called. Never a value.

    \b
    Example: newlyn-coordinator status --dir coordinator
    """
    with opened_store(home) as store:
        status = read_status(store, utc_now())
    show(output_format, status.as_json(), lambda console: screens.show_status(console, status))


@main.command("audit")
@home_option
@format_option
@reporting
def audit_command(home: Path, output_format: str) -> None:
    """Who was invited, enrolled, refused or revoked, and what was opened, closed or published, and when.

    \b
    Example: newlyn-coordinator audit --dir coordinator
    """
    with opened_store(home) as store:
        entries = store.read("audit", list_entries)
    show(output_format, [entry.as_json() for entry in entries], lambda console: screens.show_audit(console, entries))


@main.command("publish")
@click.argument("collection_id")
@home_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the site.")
@click.option("--status", default=STATUS, show_default=True, help="What the figures are: stands on every page.")
@click.option(
    "--with", "earlier_id", metavar="PROVISIONAL", help="A closed collection over the same returns to combine it with."
)
@click.option("--without-running-rounds", is_flag=True, help="Leave out sums whose rounds are still under way.")
@format_option
@reporting
def publish_command(
    collection_id: str,
    home: Path,
    out: Path,
    status: str,
    earlier_id: str | None,
    without_running_rounds: bool,
    output_format: str,
) -> None:
    """Make the national benchmark of a closed collection: the site, its files, and what councils' nodes fetch.

    \b
    Example: newlyn-coordinator publish 2025-annual --dir coordinator --out site
    """
    from coordinator.estimates.benchmark import make_benchmark
    from coordinator.estimates.returned import Answers
    from coordinator.publication.message import to_message
    from coordinator.publication.publish import publish

    now = utc_now()

    def make_message(received: Received, earlier: Received | None) -> bytes:
        benchmark = make_benchmark(
            received.stored.collection,
            received.framework,
            received.plans,
            received.summaries,
            now,
            sums=received.sums,
            earlier=[Answers(one.stored.collection, one.plans, one.summaries, one.sums) for one in (earlier,) if one],
        )
        publish(benchmark, out, status)
        return to_message(benchmark).SerializeToString(deterministic=True)

    signing_key = load_signing_key(CoordinatorFiles(home))
    with opened_store(home) as store:
        earlier = lifecycle.received(store, earlier_id) if earlier_id else None
        lifecycle.publish_collection(
            store,
            collection_id,
            signing_key,
            lambda received: make_message(received, earlier),
            now,
            without_running_rounds=without_running_rounds,
        )
    said(
        output_format,
        {"collection": collection_id, "site": str(out / "index.html")},
        f"{collection_id} is published in {out}; councils' nodes can fetch it now.\nOpen {out / 'index.html'}",
    )


authority.add_command(sign_epoch_command)
main.add_command(collection_commands)
main.add_command(epoch_commands)
main.add_command(round_commands)
main.add_command(framework_commands)
main.add_command(privacy_command)

if __name__ == "__main__":
    main()
