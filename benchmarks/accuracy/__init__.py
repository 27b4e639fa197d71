"""How well letters are read, measured from pictures whose words we know: ``make accuracy``.

``letters`` has the words, ``typeset`` puts them on paper, ``damage`` does to it what offices do, ``sets`` says which
pages there are, ``read`` has the program read them, ``measure`` compares (and defines what is counted), ``report`` sums
up. ``corpus`` adds pages that nobody here made. Measured by modules of their own, since it is no text: the boxes of the
project's own form (``ticks``), separator sheets (``separators``).

``make accuracy`` takes about ten minutes on two idle cores. ``PAGES=3`` makes three times as many pages, ``PAGES=0.1``
a tenth, which shows that it works; ``CORPUS=DIR`` adds the shared scans; ``KEEP=DIR`` keeps every page, its truth
(.txt) and its reading (.read.txt); ``ARGS="--only faint hand"`` reads these sets alone, ``--json`` prints one JSON
object.
"""
