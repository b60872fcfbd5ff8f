"""Chinese (simplified): the catalogue, put together from its parts."""

from envguard.languages import (
    Catalogue,
    zh_codes_change,
    zh_codes_drift,
    zh_codes_files,
    zh_codes_gpu,
    zh_codes_guard,
    zh_codes_native,
    zh_codes_plan,
    zh_lines,
    zh_lines_change,
    zh_lines_native,
    zh_phrases,
    zh_rows,
    zh_words,
)

CATALOGUE = Catalogue(
    phrases=zh_phrases.PHRASES,
    nouns=zh_phrases.NOUNS,
    codes={
        **zh_codes_drift.CODES,
        **zh_codes_plan.CODES,
        **zh_codes_change.CODES,
        **zh_codes_gpu.CODES,
        **zh_codes_native.CODES,
        **zh_codes_files.CODES,
        **zh_codes_guard.CODES,
    },
    rows=zh_rows.ROWS,
    advice=zh_rows.ADVICE,
    kinds=zh_words.KINDS,
    parts=zh_words.PARTS,
    traits=zh_words.TRAITS,
    verdicts=zh_words.VERDICTS,
    terms=zh_words.TERMS,
    lines=(
        *zh_lines_change.COMPOSED,
        *zh_lines.LINES,
        *zh_lines_change.LATER,
        *zh_lines_native.LINES,
        *zh_lines_change.LINES,
    ),
    values=zh_lines.VALUES,
)
