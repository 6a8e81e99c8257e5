# terraform test, in modules/values: needs no provider and no network. `npm run check:deploy` also gives what is made here to the
# real chart.
variables {
  tokens_secret = { name = "davy-tokens" }
}

run "embedded_by_default" {
  command = plan
  variables {
    storage = { kind = "embedded" }
  }
  assert {
    condition     = yamldecode(output.yaml).storage.persistence.enabled && yamldecode(output.yaml).resources.limits.memory == "6Gi"
    error_message = "embedded storage wants a volume and memory for the engine"
  }
  assert {
    condition     = !contains(keys(yamldecode(output.yaml)), "replicas")
    error_message = "the chart chooses the number of replicas"
  }
}

run "server_by_secret" {
  command = plan
  variables {
    storage    = { kind = "server", secret = { name = "davy-storage" } }
    replicas   = 3
    public_url = "https://davy.example.com"
    ingress    = { host = "davy.example.com", tls_secret = "davy-tls" }
    monitoring = { token_secret = "davy-prometheus" }
    config     = { retention = { rawDays = 14 } }
  }
  assert {
    condition     = yamldecode(output.yaml).storage.existingSecret.key == "storage-url" && !yamldecode(output.yaml).storage.persistence.enabled
    error_message = "the URL comes from the Secret, and there is no volume"
  }
  assert {
    condition     = yamldecode(output.yaml).ingress.tls[0].secretName == "davy-tls" && yamldecode(output.yaml).config.retention.rawDays == 14
    error_message = "ingress and configuration are handed on"
  }
}

run "a_password_in_a_url_is_refused" {
  command = plan
  variables {
    storage = { kind = "server", url = "http://davy:secret@clickhouse:8123" }
  }
  expect_failures = [var.storage]
}

run "a_server_without_an_address_is_refused" {
  command = plan
  variables {
    storage = { kind = "server" }
  }
  expect_failures = [var.storage]
}

run "two_embedded_replicas_are_refused" {
  command = plan
  variables {
    storage  = { kind = "embedded" }
    replicas = 2
  }
  expect_failures = [var.replicas]
}

run "embedded_is_not_scaled" {
  command = plan
  variables {
    storage     = { kind = "embedded" }
    autoscaling = { min = 2, max = 4 }
  }
  expect_failures = [var.autoscaling]
}
