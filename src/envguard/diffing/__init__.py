"""The way from one state to another, judged as a proposal: two locks, two commits, a lock and what is installed."""

from envguard.diffing.judging import between, diff

__all__ = ["between", "diff"]
