"""The style sheet of the HTML page: system fonts, one accent for each verdict, light and dark, screen and paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --soft: #eef1f4;
  --text: #1a2028; --dim: #56616e; --link: #0b5cad; --focus: #0b5cad;
  --forbidden: #b3141d; --forbidden-soft: #fdecec;
  --unverified: #7a2fae; --unverified-soft: #f5ecfb;
  --cautious: #8a5200; --cautious-soft: #fdf3e0;
  --safe: #0b5f80; --safe-soft: #e6f4fa;
  --pinned: #14693a; --pinned-soft: #e6f5ec;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Menlo, Consolas, "DejaVu Sans Mono",
    "Noto Sans Mono CJK SC", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", monospace;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151a; --card: #191f26; --line: #2c353f; --soft: #222a33;
    --text: #e4e9ee; --dim: #9dabb8; --link: #7cbcff; --focus: #7cbcff;
    --forbidden: #ff8f8f; --forbidden-soft: #3a1b1e;
    --unverified: #d7a6f7; --unverified-soft: #2f1f3a;
    --cautious: #f3bd66; --cautious-soft: #362a14;
    --safe: #7fd0ef; --safe-soft: #152e39;
    --pinned: #7fdca4; --pinned-soft: #15301f;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem clamp(1rem, 3vw, 2.5rem) 4rem; max-width: 88rem; background: var(--page);
  color: var(--text); font: 15px/1.55 var(--sans);
}
h1, h2, h3, p, dl, dd, ul { margin: 0; }
h2 { font-size: 1.05rem; margin: 2.5rem 0 .75rem; }
h2 small { color: var(--dim); font-weight: 400; margin-left: .4rem; }
code, kbd, .mono { font-family: var(--mono); font-size: .92em; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .3rem .6rem; }

.forbidden { --accent: var(--forbidden); --tint: var(--forbidden-soft); }
.unverified { --accent: var(--unverified); --tint: var(--unverified-soft); }
.cautious { --accent: var(--cautious); --tint: var(--cautious-soft); }
.safe { --accent: var(--safe); --tint: var(--safe-soft); }
.pinned { --accent: var(--pinned); --tint: var(--pinned-soft); }

.top {
  background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--accent); border-radius: 10px;
  padding: 1.5rem 1.75rem 1.4rem;
}
.brand { color: var(--dim); font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; }
h1 { color: var(--accent); font-size: clamp(1.7rem, 4vw, 2.4rem); line-height: 1.2; letter-spacing: -.02em; }
.lead { margin-top: .25rem; font-size: 1.05rem; }
.bar { display: block; width: 100%; height: 8px; margin: 1.1rem 0 1.2rem; border-radius: 4px; background: var(--soft); }
.bar rect, .dot { fill: var(--accent); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: .8rem 1.5rem; }
.facts dt { color: var(--dim); font-size: .8rem; }
.alert {
  margin-top: 1rem; padding: .7rem 1rem; border-left: 4px solid var(--accent); border-radius: 6px;
  background: var(--tint);
}
.alert ul, .told ul { padding-left: 1.1rem; }

.tools { display: none; flex-wrap: wrap; gap: .6rem; align-items: center; margin-bottom: .8rem; }
.js .tools { display: flex; }
.tools input, .tools select, .tools button {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 7px;
  padding: .38rem .7rem;
}
.tools input { flex: 1 1 16rem; min-width: 10rem; }
.tools button { cursor: pointer; }
.tools button:hover, .tools select:hover { border-color: var(--dim); }
.chip { display: inline-flex; gap: .45rem; align-items: center; }
.chip b { color: var(--accent); font-weight: 650; }
.chip[aria-pressed="true"] { background: var(--tint); border-color: var(--accent); }
#shown { color: var(--dim); font-size: .9rem; margin-left: auto; }

.frame { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { width: 100%; border-collapse: separate; border-spacing: 0; }
th { text-align: left; font-weight: 600; font-size: .82rem; color: var(--dim); }
thead th {
  position: sticky; top: 0; z-index: 1; background: var(--card); border-bottom: 1px solid var(--line);
  padding: .55rem .8rem;
}
thead th:first-child { border-top-left-radius: 10px; }
thead th:last-child { border-top-right-radius: 10px; }
th button { all: unset; cursor: pointer; color: inherit; }
th button:hover { color: var(--text); }
th button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
th button::after { content: " \\2195"; opacity: .45; }
th[aria-sort="ascending"] button::after { content: " \\2191"; opacity: 1; }
th[aria-sort="descending"] button::after { content: " \\2193"; opacity: 1; }
td { padding: .5rem .8rem; vertical-align: baseline; }
tbody + tbody .row td { border-top: 1px solid var(--line); }
.js .row { cursor: pointer; }
.row:hover td { background: var(--soft); }
.finding { scroll-margin-top: 3rem; }
.finding:target .row td { background: var(--tint); }
.tag {
  display: inline-block; padding: .05rem .55rem; border-radius: 99px; background: var(--tint); color: var(--accent);
  font-size: .85rem; font-weight: 600; white-space: nowrap;
}
.code { white-space: nowrap; }
.code small, .fine { color: var(--dim); }
.fold { all: unset; font-weight: 650; overflow-wrap: anywhere; }
.js .fold { cursor: pointer; }
.fold:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.js .fold::before { content: "\\25B8"; display: inline-block; width: 1.1em; color: var(--dim); }
.js .fold[aria-expanded="true"]::before { content: "\\25BE"; }
.more > td { padding: .1rem .8rem 1.2rem; }
.why {
  border-left: 3px solid var(--accent); padding: .35rem 0 .35rem 1.1rem; margin-left: .3rem; display: grid; gap: .7rem;
}
.why > * { min-width: 0; }
.why dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
.why dt { color: var(--dim); font-size: .87rem; padding-top: .06rem; }
.why dd { min-width: 0; overflow-wrap: anywhere; }
.why dd.value { font-family: var(--mono); font-size: .92em; }
.narrow { display: none; }
summary { cursor: pointer; }
.instead {
  display: block; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .45rem .7rem;
  white-space: pre-wrap; user-select: all;
}
.seen { margin: 0; padding: 0; list-style: none; }
.seen li + li { margin-top: .15rem; }
.scroll { overflow-x: auto; }
.chain { display: block; max-width: none; }
.chain text { font: 12px var(--mono); fill: var(--text); }
.chain .fine { fill: var(--dim); }
.chain rect { fill: var(--card); stroke: var(--line); stroke-width: 1.2; }
.chain .end rect { fill: var(--tint); stroke: var(--accent); }
.chain .end text { fill: var(--accent); }
.chain .package rect { stroke: var(--dim); }
.chain path { fill: none; stroke: var(--dim); stroke-width: 1.2; }
.chain .head { fill: var(--dim); stroke: none; }

.told { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.2rem; }
.told table td, .told table th { padding: .22rem .8rem .22rem 0; vertical-align: baseline; }
.told th[scope="row"] { width: 14rem; }
.told h3 { font-size: .9rem; margin: .9rem 0 .2rem; }
.told h3:first-child { margin-top: 0; }
footer { margin-top: 2.5rem; color: var(--dim); font-size: .85rem; }
[hidden] { display: none !important; }
@media (max-width: 62rem) { .wide { display: none; } }
@media (max-width: 42rem) {
  .medium, .code small { display: none; }
  .narrow { display: block; }
  td, thead th { padding-inline: .5rem; }
}
@media print {
  :root {
    color-scheme: light; --page: #fff; --card: #fff; --text: #000; --dim: #444; --line: #bbb; --soft: #f4f4f4;
    --forbidden: #b3141d; --unverified: #7a2fae; --cautious: #8a5200; --safe: #0b5f80; --pinned: #14693a;
    --forbidden-soft: #fff; --unverified-soft: #fff; --cautious-soft: #fff; --safe-soft: #fff; --pinned-soft: #fff;
  }
  body { padding: 0; font-size: 10pt; }
  .js .tools, .skip { display: none; }
  tr.more[hidden] { display: table-row !important; }
  thead th { position: static; }
  th button::after, .js .fold::before { content: ""; width: 0; }
  .finding { break-inside: avoid; }
}
@media (prefers-reduced-motion: no-preference) { .chip, .row td { transition: background-color .12s; } }
"""
