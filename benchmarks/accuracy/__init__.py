"""How well letters are read, measured from pictures whose words we know: ``make accuracy``.

``letters`` has the words, ``typeset`` puts them on paper, ``damage`` does to it what offices do, ``sets`` says which
pages there are, ``measure`` compares, ``report`` sums up. ``corpus`` adds pages that nobody here made; ``ticks`` is
about the boxes of the project's own form.
"""
