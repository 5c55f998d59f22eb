# Databricks notebook source
# The task `deploy_2` of the pipeline `returns`, from pipeline.py line 53. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("deploy_2", dbutils)
