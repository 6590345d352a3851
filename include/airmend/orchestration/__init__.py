"""The door to Airflow: runbooks become DAGs, and their tasks call the rooms.

`bundle` and `publication` bring runbooks to Airflow, `dag_builder` makes the DAGs,
`operators` and `approval_sensor` are their tasks, `upkeep` looks after what a crash left.
"""
