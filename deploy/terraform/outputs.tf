output "url" {
  description = "Where Davy answers inside the cluster."
  value       = "http://${local.service}.${var.namespace}.svc:8080"
}

output "otlp_http_endpoint" {
  description = "Where exporters send, with a token of the role ingest."
  value       = "http://${local.service}.${var.namespace}.svc:4318"
}

output "otlp_grpc_endpoint" {
  description = "Where gRPC exporters send."
  value       = "${local.service}.${var.namespace}.svc:4317"
}

locals {
  # As the chart names it.
  service = strcontains(var.name, "davy") ? var.name : "${var.name}-davy"
}
