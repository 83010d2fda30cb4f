"""How well a judge judges: against raters, among raters, in order, in groups, under damage."""
