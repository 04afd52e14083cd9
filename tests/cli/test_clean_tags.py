"""``tutti datasets clean-tags``: raw tags in, the table of MSD500 out, with what each step left."""

from __future__ import annotations


def test_raw_tags_become_the_table_of_msd500_step_by_step(tutti, tmp_path):
    raw, taxonomy, output = tmp_path / "raw.tsv", tmp_path / "taxonomy.tsv", tmp_path / "track_tags.tsv"
    raw.write_text("a\tHip-Hop\t100\na\tseen live\t90\nb\thiphop\t60\nb\trock\t3\n")
    taxonomy.write_text("hip hop\tgenre\nrock\tgenre\n")
    ending = tutti(
        *("datasets", "clean-tags", raw, "-o", output, "--taxonomy", taxonomy, "--least-songs", "2", "--score", "code")
    )
    assert ending.code == 0, ending.stderr
    assert output.read_text() == "a\tHip-Hop\thip hop\tgenre\t100\nb\thiphop\thip hop\tgenre\t60\n"
    assert [line.split()[-3:] for line in ending.stdout.splitlines()][1:3] == [["4", "2", "4"], ["3", "2", "3"]]


def test_trouble_is_told_in_two_lines(tutti, tmp_path):
    (tmp_path / "raw.tsv").write_text("a\trock\t100\n")
    for arguments, told in (
        ((tmp_path / "none.tsv",), "cannot be read"),
        ((tmp_path / "raw.tsv",), "no tags are left"),
        ((tmp_path / "raw.tsv", "--score", "all"), "score filter"),
    ):
        ending = tutti("datasets", "clean-tags", *arguments, "-o", tmp_path / "out.tsv")
        assert ending.code == 1
        assert told in ending.stderr
        assert "hint: " in ending.stderr
        assert not (tmp_path / "out.tsv").exists()
