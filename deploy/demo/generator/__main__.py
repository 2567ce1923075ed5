"""Makes the returns of one council up: `python -m deploy.demo.generator --council 301 --out returns`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.demo.generator.council_rates import all_councils, council_like_england
from deploy.demo.generator.returns_writer import write_returns

LIKE_ENGLAND = "999"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--council", "code", default=LIKE_ENGLAND, show_default=True, help="Code; 999 has England's rates.")
@click.option("--scale", type=float, default=1, show_default=True, help="Multiplies the number of children.")
@click.option("--looked-after", type=int, help="About so many children with episodes in each year instead.")
@click.option("--in-need", type=int, help="About so many children in the census of each year instead.")
@click.option("--first-year", type=int, default=2022, show_default=True)
@click.option("--last-year", type=int, default=2025, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same bytes for the same seed.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of returns.")
def main(
    code: str,
    scale: float,
    looked_after: int | None,
    in_need: int | None,
    first_year: int,
    last_year: int,
    seed: int,
    out: Path,
) -> None:
    """Write made-up SSDA903 and CIN census returns to OUT/<year>/.

    \b
    Example: python -m deploy.demo.generator --looked-after 20000 --in-need 60000 --out returns
    """
    council = next((one for one in (*all_councils(), council_like_england(80_000)) if one.la_code == code), None)
    if council is None:
        raise click.UsageError(f"There is no council {code}.")
    if (looked_after is None) != (in_need is None):
        raise click.UsageError("Give --looked-after and --in-need together.")
    if looked_after is not None and in_need is not None:
        council = council.scaled_to(looked_after, in_need)
    write_returns(council, out, range(first_year, last_year + 1), scale=scale, seed=seed)


if __name__ == "__main__":
    main()
