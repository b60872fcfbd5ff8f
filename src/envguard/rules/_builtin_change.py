"""The rows that judge what a proposed change would do."""

from envguard.rules._row import row

ROWS = (
    row(
        "breaks",
        "forbidden",
        "a compiled file would not load any more: an import fails, or takes a fallback that was never validated",
        change="breaks",
        instead="leave it as it is, or move both sides together to builds that were made for one another",
    ),
    row(
        "may-break",
        "cautious",
        "whatever asks for the file would fail; whether anything does cannot be told from the files",
        change="may-break",
        instead="try it in a copy of the environment first",
    ),
    row(
        "mismatches",
        "forbidden",
        "it would fail on the GPU, or run on the CPU without a word",
        change="mismatches",
        instead="choose builds of one CUDA generation that the driver serves, and move them together",
    ),
    row(
        "may-mismatch",
        "cautious",
        "whether the parts of the GPU stack would fit one another cannot be told from the files",
        change="may-mismatch",
        instead="try it in a copy of the environment first, on a machine with the GPU",
    ),
    row(
        "overwrites",
        "cautious",
        "the two packages own the same files: the later one wins, and removing either breaks the other",
        change="overwrites",
        instead="remove the other package first, or leave {package} out",
    ),
    row(
        "unmet-after-family",
        "forbidden",
        "these packages are built for one another, release by release",
        change="unmet-after",
        part="family",
        instead="move them together, in one command from one index, to versions that were released together",
    ),
    row(
        "unmet-after",
        "cautious",
        "the package says itself that it was not made for this",
        change="unmet-after",
        instead="choose a version that {package} accepts, or move {package} too",
    ),
    row(
        "used-symbols",
        "cautious",
        "the project's own code uses what is not the same any more",
        change="used-symbols",
        instead="look at the named places, and run the project's tests with {package} {installed}",
    ),
    row(
        "unfit",
        "forbidden",
        "it was built for another Python or platform: an installer refuses it, and forced in it does not load",
        change="unfit",
        instead="choose a wheel of {package} for this interpreter",
    ),
    row(
        "withdrawn",
        "cautious",
        "its makers withdrew this release, mostly because of a defect",
        change="withdrawn",
        instead="choose a release that was not withdrawn",
    ),
    row(
        "brings-first-cuda",
        "forbidden",
        "nothing here uses CUDA so far: gigabytes of libraries would come that may be loaded by mistake",
        change="brings-cuda",
        part="first",
        instead="install the CPU build of {package}, from the index that has it",
    ),
    row(
        "brings-cuda",
        "cautious",
        "CUDA libraries would come that were not part of the validation",
        change="brings-cuda",
        instead="see that they are of the generation that the driver and the other packages use",
    ),
)
