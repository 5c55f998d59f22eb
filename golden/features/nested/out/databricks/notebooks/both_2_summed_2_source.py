# Databricks notebook source
# The task `both_2_summed_2_source` of the pipeline `nested`, from pipeline.py line 28. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("both_2_summed_2_source", dbutils)
