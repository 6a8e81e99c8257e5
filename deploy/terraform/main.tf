# Davy on a Kubernetes cluster, by the chart of this repository or of a registry. What the chart is told is made in
# modules/values, which needs no provider and is tested alone.
module "values" {
  source = "./modules/values"

  storage           = var.storage
  replicas          = var.replicas
  tokens_secret     = var.tokens_secret
  public_url        = var.public_url
  allowed_hosts     = var.allowed_hosts
  config            = var.config
  image             = var.image
  resources         = var.resources
  ingress           = var.ingress
  autoscaling       = var.autoscaling
  monitoring        = var.monitoring
  extra_chart_value = var.extra_values
}

locals {
  # Of this module, wherever it is called from.
  chart = coalesce(var.chart, "${path.module}/../helm/davy")
}

resource "helm_release" "davy" {
  name             = var.name
  namespace        = var.namespace
  create_namespace = var.create_namespace
  chart            = local.chart
  version          = var.chart_version
  values           = [module.values.yaml]

  # What does not become ready is taken back.
  atomic  = true
  wait    = true
  timeout = var.timeout_seconds
}
