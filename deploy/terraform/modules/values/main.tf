terraform {
  required_version = ">= 1.9"
}

locals {
  is_embedded = var.storage.kind == "embedded"
  persistence = coalesce(var.storage.persistence, local.is_embedded)

  storage = merge(
    {
      kind = var.storage.kind
      persistence = merge(
        { enabled = local.persistence },
        local.persistence ? { size = var.storage.volume_size, storageClass = var.storage.volume_class } : {},
      )
    },
    var.storage.url == "" ? {} : { url = var.storage.url },
    var.storage.secret == null ? {} : { existingSecret = var.storage.secret },
  )

  image = { for key, value in var.image : key => value if value != null }

  values = merge(
    {
      storage = local.storage
      access  = { existingSecret = var.tokens_secret }
      # A server's Davy does not hold the data.
      resources = var.resources != null ? var.resources : {
        requests = { cpu = "500m", memory = local.is_embedded ? "1Gi" : "512Mi" }
        limits   = { memory = local.is_embedded ? "6Gi" : "2Gi" }
      }
    },
    var.replicas == null ? {} : { replicas = var.replicas },
    var.public_url == "" ? {} : { publicUrl = var.public_url },
    length(var.allowed_hosts) == 0 ? {} : { allowedHosts = var.allowed_hosts },
    length(local.image) == 0 ? {} : { image = local.image },
    length(keys(var.config)) == 0 ? {} : { config = var.config },
    var.ingress == null ? {} : {
      ingress = merge(
        { enabled = true, className = var.ingress.class, hosts = [{ host = var.ingress.host }] },
        var.ingress.tls_secret == null ? {} : { tls = [{ secretName = var.ingress.tls_secret, hosts = [var.ingress.host] }] },
      )
    },
    var.autoscaling == null ? {} : {
      autoscaling = {
        enabled                        = true
        minReplicas                    = var.autoscaling.min
        maxReplicas                    = var.autoscaling.max
        targetCPUUtilizationPercentage = var.autoscaling.cpu_percent
      }
    },
    var.monitoring == null ? {} : {
      monitoring = {
        serviceMonitor = { enabled = true, labels = var.monitoring.labels, tokenSecret = { name = var.monitoring.token_secret } }
        prometheusRule = { enabled = true, labels = var.monitoring.labels, rollbackPages = var.monitoring.rollback_pages }
        dashboards     = { enabled = true }
      }
    },
    var.extra_chart_value,
  )
}

output "yaml" {
  description = "The chart's values, as one YAML document."
  value       = yamlencode(local.values)
}
