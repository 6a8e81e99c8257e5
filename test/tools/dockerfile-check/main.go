// Checks a Dockerfile with BuildKit's own parser, linter and compiler to LLB, target by target, without a daemon and
// without a registry: base images are taken to exist and to be empty, and nothing is run.
// Usage: dockerfile-check <Dockerfile> <target>...
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type anyImage struct{}

func (anyImage) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	image := ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}}
	config, err := json.Marshal(image)
	return ref, digest.FromBytes(config), config, err
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "expected <Dockerfile> <target>...")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	faults := 0
	for _, target := range os.Args[2:] {
		warn := func(rule, description, _, message string, location []parser.Range) {
			line := 0
			if len(location) > 0 {
				line = location[0].Start.Line
			}
			fmt.Printf("%s:%d: %s: %s (%s)\n", os.Args[1], line, rule, message, description)
			faults++
		}
		options := dockerfile2llb.ConvertOpt{
			Config:       dockerui.Config{Target: target},
			MetaResolver: anyImage{},
			Warn:         warn,
		}
		if _, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, options); err != nil {
			fmt.Printf("%s: target %s: %v\n", os.Args[1], target, err)
			faults++
			continue
		}
		fmt.Printf("%s: target %s is well formed\n", os.Args[1], target)
	}
	if faults > 0 {
		os.Exit(1)
	}
}
