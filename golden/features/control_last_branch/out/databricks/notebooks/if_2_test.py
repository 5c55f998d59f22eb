# Databricks notebook source
# The task `if_2_test` of the pipeline `control_last_branch`, from pipeline.py line 31. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("if_2_test", dbutils)
