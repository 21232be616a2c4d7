"""The documents agree with each other and with the repository: links, settings, files, numbers."""
import functools, re, textwrap, unittest

from page import DOCS

ROOT = DOCS.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md"))]


def prose(page):
    """A page without its examples."""
    return re.sub(r"(?ms)^```.*?^```$|^    .*?$", "", page.read_text())


@functools.cache
def anchors(page):
    """The fragments of a page, as GitHub makes them of headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", prose(page))
    texts = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


class Pages(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        for page in PAGES:
            for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
                path, _, fragment = link.partition("#")
                if re.match(r"\w+:", link):
                    continue
                target = (page.parent / path).resolve() if path else page
                with self.subTest(page=str(page.relative_to(ROOT)), link=link):
                    self.assertTrue(target.exists())
                    if fragment and target.suffix == ".md":
                        self.assertIn(fragment, anchors(target))

    def test_every_named_reference_is_defined_and_used(self):
        text = (DOCS / "comparison.md").read_text()
        defined, used = re.findall(r"(?m)^\[([\w-]+)\]: ", text), re.findall(r"\]\[([\w-]+)\]", text)
        self.assertEqual(len(defined), len(set(defined)))
        self.assertEqual(set(defined), set(used))

    def test_every_setting_exists(self):
        shipped, section = set(), ""
        for line in (ROOT / "config/crier.toml").read_text().splitlines():
            if header := re.match(r"\[(\w+)\]$", line):
                section = header[1]
            elif key := re.match(r"([a-z-]+) = ", line):
                shipped.add(f"{section}.{key[1]}")
        for page in PAGES:
            for setting in re.findall(r"`((?:server|limits|history|slow)\.(?!db)[a-z-]+)[`= ]", prose(page)):
                with self.subTest(page=str(page.relative_to(ROOT))):
                    self.assertIn(setting, shipped)

    def test_every_file_that_contributors_are_sent_to_exists(self):
        text = (ROOT / "CONTRIBUTING.md").read_text()
        paths = re.findall(r"`((?:Sources|Tests|docs|config|systemd|packaging|demo|examples)(?:/[\w+./-]+)?)`", text)
        self.assertGreater(len(paths), 30)
        for path in paths:
            with self.subTest(path=path):
                self.assertTrue((ROOT / path).exists())

    def test_the_fault_of_the_guide_is_in_the_list(self):
        guide = (ROOT / "CONTRIBUTING.md").read_text()
        fault = re.search(r"(?m)^    \[\[fault\]\]\n(?:    .*\n)+", guide)[0]
        self.assertIn(textwrap.dedent(fault), (ROOT / "Tests/Faults/faults.toml").read_text())

    def test_every_target_exists(self):
        targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
        for page in [ROOT / "CONTRIBUTING.md", DOCS / "getting-started.md", DOCS / "comparison.md", *DOCS.glob("recipes/*.md")]:
            for target in re.findall(r"`make ([a-z]+)", page.read_text()):
                with self.subTest(page=str(page.relative_to(ROOT))):
                    self.assertIn(target, targets)

    def test_every_number_of_the_comparison_is_one_that_was_measured(self):
        text = (DOCS / "comparison.md").read_text()
        measured = (DOCS / "performance.md").read_text()
        sections = text.split("## Where crier loses")[1].split("## Coming from")[0]
        numbers = re.findall(r"(?<![\w.])\d+\.\d+|\d+,\d{3}", re.sub(r"\([^)]*\)|Swift [\d.]+", "", sections))
        self.assertGreater(len(numbers), 5)
        for number in numbers:
            with self.subTest(number=number):
                self.assertRegex(measured, rf"(?<![\d.,]){re.escape(number)}(?![\d,])")

    def test_every_recipe_has_a_test(self):
        tests = "".join(path.read_text() for path in (ROOT / "Tests").glob("*/test_*.py"))
        for page in [*DOCS.glob("recipes/*.md"), *DOCS.glob("coming-from/*.md")]:
            if page.stem != "README":
                with self.subTest(page=str(page.relative_to(ROOT))):
                    self.assertTrue(re.search(rf'["/]{page.stem}["./]', tests), "no test opens it")
