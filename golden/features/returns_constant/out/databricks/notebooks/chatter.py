# Databricks notebook source
# The task `chatter` of the pipeline `returns_constant`, from pipeline.py line 19. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("chatter", dbutils)
