"""Makes the returns of councils up: `python -m deploy.demo.generator --council 301 --out returns`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from deploy.demo.generator.council_rates import Council, all_councils, council_like_england
from deploy.demo.generator.federation_writer import write_federation
from deploy.demo.generator.noise import add_noise
from deploy.demo.generator.parts_writer import write_files_in_parts
from deploy.demo.generator.postcodes_writer import write_postcodes
from deploy.demo.generator.returns_writer import Files, write_files
from deploy.demo.generator.ssd_deployments import DEPLOYMENTS, SPECIFICATION
from deploy.demo.generator.ssd_writer import ssd_files, write_ssd

LIKE_ENGLAND = "999"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--council",
    "codes",
    multiple=True,
    default=[LIKE_ENGLAND],
    show_default=True,
    help="Code; 999 has England's rates. Of several, each has a folder, and children move between them.",
)
@click.option("--scale", type=float, default=1, show_default=True, help="Multiplies the number of children.")
@click.option("--looked-after", type=int, help="About so many children with episodes in each year instead.")
@click.option("--in-need", type=int, help="About so many children in the census of each year instead.")
@click.option("--first-year", type=int, default=2022, show_default=True)
@click.option("--last-year", type=int, default=2025, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same bytes for the same seed.")
@click.option("--education", is_flag=True, help="Education files too.")
@click.option("--feedback", is_flag=True, help="Feedback files too.")
@click.option("--families", is_flag=True, help="Files of the Supporting Families programme too.")
@click.option("--postcodes", is_flag=True, help="A directory of the made-up postcodes with the returns of each year.")
@click.option("--ssd", type=click.Path(path_type=Path, file_okay=False), help="Folder of a warehouse's tables as CSV.")
@click.option("--ssd-system", type=click.Choice(sorted(DEPLOYMENTS)), default=SPECIFICATION.name, show_default=True)
@click.option("--noise", is_flag=True, help="Written as other systems write the same returns.")
@click.option("--parts", type=int, default=1, show_default=True, help="Draw a large council in parts, side by side.")
@click.option("--workers", type=int, default=2, show_default=True, help="So many parts or councils at a time.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of returns.")
def main(
    codes: Sequence[str],
    scale: float,
    looked_after: int | None,
    in_need: int | None,
    first_year: int,
    last_year: int,
    seed: int,
    education: bool,
    feedback: bool,
    families: bool,
    postcodes: bool,
    ssd: Path | None,
    ssd_system: str,
    noise: bool,
    parts: int,
    workers: int,
    out: Path,
) -> None:
    """Write made-up SSDA903 and CIN census returns to OUT/<year>/, or of several councils to OUT/<code>/<year>/.

    \b
    Example: python -m deploy.demo.generator --looked-after 20000 --in-need 60000 --out returns
    """
    councils = [_council(code, looked_after, in_need) for code in codes]
    wanted = {Files.RETURNS: True, Files.EDUCATION: education, Files.FEEDBACK: feedback, Files.FAMILIES: families}
    kinds = [kind for kind, is_wanted in wanted.items() if is_wanted]
    years = range(first_year, last_year + 1)
    if len(councils) > 1 and (ssd is not None or parts > 1):
        raise click.UsageError("--ssd and --parts are for one council.")
    if ssd is not None and parts > 1:
        raise click.UsageError("--ssd holds the children of a council drawn whole: leave --parts out.")
    if len(councils) > 1:
        write_federation(councils, out, years, kinds, scale=scale, seed=seed, workers=workers)
    elif parts > 1:
        write_files_in_parts(councils[0], out, years, kinds, parts=parts, workers=workers, scale=scale, seed=seed)
    else:
        write_files(councils[0], out, years, kinds, scale=scale, seed=seed)
    if ssd is not None:
        deployment = DEPLOYMENTS[ssd_system]
        with ssd_files(ssd, deployment) as sink:
            write_ssd(councils[0], years, sink, deployment=deployment, scale=scale, seed=seed)
    for council in councils:
        folder = out / council.la_code if len(councils) > 1 else out
        if postcodes:
            write_postcodes(council, folder, years)
        if noise:
            add_noise(folder, seed)


def _council(code: str, looked_after: int | None, in_need: int | None) -> Council:
    council = next((one for one in (*all_councils(), council_like_england(80_000)) if one.la_code == code), None)
    if council is None:
        raise click.UsageError(f"There is no council {code}.")
    if (looked_after is None) != (in_need is None):
        raise click.UsageError("Give --looked-after and --in-need together.")
    if looked_after is not None and in_need is not None:
        return council.scaled_to(looked_after, in_need)
    return council


if __name__ == "__main__":
    main()
