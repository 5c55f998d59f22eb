# Databricks notebook source
# The task `grow_3` of the pipeline `mutation`, from pipeline.py line 87. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("grow_3", dbutils)
