"""Plans: where the things of a clip are, moment by moment, as a few numbers.

What renders a scene knows them, a planner writes them from a caption, and the generator is told
them: a small plan of what moves where, before any token of it is written. Knows nothing of words,
tokens of video or pixels.

A plan is a float tensor ``(..., t, MOMENTS, THINGS, 5)``: for every group of 8 frames a few
moments, for every moment the things in the order of importance, for every thing

- facing: +1 right, -1 left, 0 where there is no such thing (then all else is 0, too);
- x, y: its centre as a share of the frame's half width and height, -1 to 1 within the frame;
- scale: half its extent, in halves of the frame's shorter side;
- angle: radians, clockwise on the screen.
"""
