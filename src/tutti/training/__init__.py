"""Learning: recipes, the one trainer, and a file for each training scheme.

A run is described by a recipe (``recipes``), carried out by ``runs``, and read from top to bottom in
``trainer``; what is learned from which batches is a scheme's matter (``schemes`` lists them, ``supervised`` is the
plainest; a file ``…_runs`` beside it says how its recipes are carried out, of ``run_parts`` that all have in common).
What a network begins with is in ``transfer``, how fast its parts learn in ``rates``. Published protocols are in
``phases``, what lies between two epochs in ``checkpoints``, processes and precision in ``devices``, batches made
ahead in ``loading``. Not here: networks (``tutti.models``), scores (``tutti.evaluation``), which labels there are
(``tutti.data.labels``).
"""
