"""What the program costs, each time beside what the plain libraries cost for the same bytes: ``make bench``.

``make bench`` runs all of it (about forty minutes on two cores); ``make bench ARGS="survey_rows --quick"`` runs
one bench on a twentieth of its items, which shows that it works and says little about speed, since starting up then
weighs most. ``--repeats N`` measures each pair N times, ``--json`` prints the figures as one JSON object.

How to read the figures:

- **CPU seconds** are user and system time of a process and of every process below it, as the kernel counts them when
  they end. Little is measured by the clock on the wall, which other work on the machine changes: how much faster
  two cores are than one, how many pages a minute; such a row says so, and both sides run in turn. The mail server is
  below neither side and is not counted.
- **ours** is ``intake run`` as an operator types it, with an empty home: interpreter, imports, migrations, readers'
  processes and the last checkpoint are all in it.
- **peer** is what the same task costs with the plain library in one process, without its start-up and its imports. It
  keeps no receipt, no ledger, no evidence and no original; the limits say how much all of those may add.
- **ratio** is ours / peer. Both sides run in turn, several times; the figure is the median of the ratios of the pairs,
  and (in the note) their spread. A spread of more than a tenth means that the machine was too busy to tell.
- **limit** and **holds** are those of the project's issues. A row without a limit is there to be looked at.
- **MB** are 10**6 bytes of resident memory: "largest process" is ``ru_maxrss`` (the kernel's own maximum, of the
  program and all its readers), "parent" and "all together" are sampled twenty times a second from /proc (its own
  high-water mark, and the sum over all processes, where shared pages count once for each).

The inputs are made by ``mails``, ``surveys`` and ``scans`` from a fixed seed: the same bytes everywhere (of scans: with
the same fonts and the same Pillow); the JSON has their SHA-256.
"""
