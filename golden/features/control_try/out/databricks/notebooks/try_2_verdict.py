# Databricks notebook source
# The task `try_2_verdict` of the pipeline `tries`, from pipeline.py line 55. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("try_2_verdict", dbutils)
