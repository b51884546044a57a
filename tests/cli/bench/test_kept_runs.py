"""What the bench keeps of runs can be compared, drawn, and held against the aims."""

from __future__ import annotations

import argparse
from xml.etree import ElementTree as ET

import pytest

from extender.cli.bench import command as bench
from extender.cli.bench.aims import AIMS, aims_table
from extender.cli.bench.figures import PROCESS, Unit, by_nodes, growth
from extender.cli.bench.measure import FILTER_FIRST, REQUESTS, SECOND, SECOND_FIRST
from extender.cli.bench.measurement import Measurement, Run, Size, Timing, document, read_run
from extender.cli.exit_status import WrongInput

MEBIBYTE = 1024 * 1024


def fleet(nodes, *, build=1.0, warm=2.0, mebibytes=100):
    size = Size(
        nodes,
        nodes * 16,
        nodes * 6000,
        build,
        mebibytes * MEBIBYTE,
        mebibytes * MEBIBYTE,
        mebibytes * MEBIBYTE,
    )
    return Measurement(
        size,
        (
            Timing(FILTER_FIRST, 4, 4.0, 5.0, 1.1),
            Timing(SECOND_FIRST, 4, 20.0, 30.0, 9.0),
            Timing(SECOND, 200, warm, 3.0, warm / 2),
        ),
        neutral=0,
        unknown=0,
    )


def kept(tmp_path, name, *fleets):
    path = tmp_path / name
    path.write_text(document(Run("1.37.2", ("a pair",), fleets)))
    return str(path)


def options(*words):
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(words)


def test_growth_is_that_of_ten_times_the_nodes():
    """Whatever the sizes measured: a figure that follows the nodes has 10, one that does not has 1."""
    assert growth({500: 2.0, 5_000: 20.0}) == pytest.approx(10)
    assert growth({500: 3.0, 50_000: 300.0}) == pytest.approx(10)
    assert growth({500: 3.0, 50_000: 3.0}) == pytest.approx(1)
    assert growth({500: 3.0}) is None


def test_two_runs_are_compared(tmp_path, capsys):
    """Fleets that both have measured, figure by figure."""
    before = kept(tmp_path, "before.json", fleet(500, warm=4.0), fleet(5_000))
    after = kept(tmp_path, "after.json", fleet(500, warm=1.0), fleet(50_000))
    assert bench.run(options("--compare", before, after)) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["nodes", "figure", "unit", "before", "after", "after", "/", "before"]
    assert {row.split()[0] for row in rows} == {"500"}
    (warm,) = [row for row in rows if SECOND in row and " ms " in row]
    assert warm.split()[-3:] == ["4.00", "1.00", "0.25"]


def test_the_plot_has_a_line_for_each_figure(tmp_path, capsys):
    """One point for each size; SVG that a reader of XML understands."""
    path = kept(tmp_path, "run.json", fleet(500), fleet(5_000, build=10), fleet(50_000, build=100))
    assert bench.run(options("--plot", path)) == 0
    root = ET.fromstring(capsys.readouterr().out)
    drawn = [figure for figure in by_nodes(read_run(path)) if figure.unit is not Unit.ECHO]
    names = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {figure.name for figure in drawn} <= set(names)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) == len(drawn)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 3 * len(drawn)


def test_a_figure_that_grows_climbs(tmp_path, capsys):
    """Where the fleet is larger and more is measured, the point is further right and higher."""
    path = kept(tmp_path, "run.json", fleet(500, build=1), fleet(5_000, build=10))
    bench.run(options("--plot", path))
    root = ET.fromstring(capsys.readouterr().out)
    first = next(root.iter("{http://www.w3.org/2000/svg}path")).attrib["d"]
    (x1, y1), (x2, y2) = (map(float, point.split()) for point in first.removeprefix("M").split("L"))
    assert x2 > x1
    assert y2 < y1


def test_aims_are_for_fleets_that_were_measured():
    """A sum of figures counts as one; nothing is said of other fleets."""
    run = Run("1.37.2", (), (fleet(5_000, build=1.5, mebibytes=100), fleet(500)))
    lines = list(aims_table(run))
    assert not [line for line in lines if line.startswith("50,000")]
    first, memory = (next(line for line in lines if text in line) for text in ("first pod", PROCESS.name))
    assert first.split()[-4:] == ["25", "ms", "24.00", "reached"]
    assert memory.split()[-4:] == ["80", "MiB", "100.00", "missed"]
    assert list(aims_table(Run("1.37.2", (), (fleet(20),)))) == []


def test_aims_are_of_figures_that_exist():
    """A figure that is renamed would silently have no aim."""
    known = {figure.name for figure in by_nodes(Run("1.37.2", (), (fleet(5_000),)))} | set(REQUESTS)
    assert {figure.name for aim in AIMS for figure in aim.figures} <= known


@pytest.mark.parametrize("option", ["--plot", "--compare"])
def test_a_file_that_is_no_run_is_wrong_input(option, tmp_path):
    """The message names the file."""
    path = tmp_path / "other.json"
    path.write_text('{"kubernetes": "1.37.2"}')
    words = [option, str(path)] if option == "--plot" else [option, str(path), str(path)]
    with pytest.raises(WrongInput, match=r"other\.json: .*bench --keep"):
        bench.run(options(*words))
    path.unlink()
    with pytest.raises(WrongInput, match=r"other\.json: No such file"):
        bench.run(options(*words))


def test_one_size_cannot_be_drawn(tmp_path):
    """There is nothing that grows."""
    with pytest.raises(WrongInput, match="fewer than two sizes"):
        bench.run(options("--plot", kept(tmp_path, "run.json", fleet(500))))


def test_a_run_is_kept_beside_the_table(tmp_path, monkeypatch, capsys):
    """And a file that cannot be written is told."""
    monkeypatch.setattr(bench, "measure", lambda nodes, *_: fleet(nodes))
    path = tmp_path / "run.json"
    assert bench.run(options("--nodes", "500,5000", "--keep", str(path))) == 0
    assert [each.size.nodes for each in read_run(str(path)).fleets] == [500, 5_000]
    assert "x for 10 x nodes" in capsys.readouterr().out
    with pytest.raises(WrongInput, match="--keep"):
        bench.run(options("--nodes", "500", "--keep", str(tmp_path / "no" / "run.json")))
