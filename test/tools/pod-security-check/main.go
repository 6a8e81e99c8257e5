// Judges the pods in manifests by Kubernetes' own Pod Security Standard "restricted", with the code that its admission runs.
// Usage: pod-security-check <file of manifests>; says how many pods there were, and ends with 1 at one that is not restricted.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// workload is what all kinds with a pod template have in common.
type workload struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Template *corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

var withPods = map[string]bool{"Deployment": true, "StatefulSet": true, "DaemonSet": true, "Job": true}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "expected <file of manifests>")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	pods, faults := 0, 0
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var raw map[string]any
		if err := documents.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		kind, _ := raw["kind"].(string)
		if !withPods[kind] {
			continue
		}
		one, err := decode(raw)
		if err != nil || one.Spec.Template == nil {
			fmt.Fprintf(os.Stderr, "%s: expected a pod template, got none: %v\n", kind, err)
			os.Exit(2)
		}
		pods++
		pod := one.Spec.Template
		for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				fmt.Printf("%s %s: %s: %s\n", kind, one.Name, result.ForbiddenReason, result.ForbiddenDetail)
				faults++
			}
		}
	}
	if faults > 0 {
		os.Exit(1)
	}
	fmt.Printf("pods: %d\n", pods)
}

func decode(raw map[string]any) (*workload, error) {
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	one := &workload{}
	return one, json.Unmarshal(text, one)
}
