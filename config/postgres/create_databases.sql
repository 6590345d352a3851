-- Run once by the postgres image, when its volume is new: one database and one role each for
-- Airflow, for Airmend's records and for Celery's results, so that a worker, which needs the
-- last two, cannot reach the first. UTF-8 is said, since the default depends on the image. The
-- passwords come from the container's environment.
\getenv airflow_password AIRFLOW_DATABASE_PASSWORD
\getenv records_password AIRMEND_DATABASE_PASSWORD
\getenv celery_password CELERY_DATABASE_PASSWORD

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT, TEMPORARY ON DATABASE airflow FROM PUBLIC;

CREATE ROLE airmend LOGIN PASSWORD :'records_password';
CREATE DATABASE airmend OWNER airmend TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT, TEMPORARY ON DATABASE airmend FROM PUBLIC;

CREATE ROLE celery LOGIN PASSWORD :'celery_password';
CREATE DATABASE celery OWNER celery TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT, TEMPORARY ON DATABASE celery FROM PUBLIC;
