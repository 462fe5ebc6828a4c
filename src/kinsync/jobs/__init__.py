"""The door of the queue: tasks that a worker runs. They hold ids alone and call services.

A task may run twice (its worker died after the work and before it could say so), and every service
that it calls finds that out.
"""
