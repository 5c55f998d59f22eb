# Databricks notebook source
# The task `first_for_1` of the pipeline `sequences`, from pipeline.py line 25. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("first_for_1", dbutils)
