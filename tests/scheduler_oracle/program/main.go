// The scheduler oracle answers with the scheduling plugins that Kubernetes
// itself publishes, in the default profile of one release per binary.
//
// It reads one JSON request per line and writes one JSON answer per line, in
// order. See tests/scheduler_oracle/client.py for the protocol.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
)

// A request holds a cluster's nodes and pods, so lines get long.
const maxLine = 64 << 20

// answer is one line of output.
type answer map[string]any

func main() {
	klog.SetOutput(discard{})
	klog.LogToStderr(false)
	if len(os.Args) > 1 {
		if err := utilfeature.DefaultMutableFeatureGate.Set(os.Args[1]); err != nil {
			fail(err)
		}
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<20), maxLine)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		if err := encoder.Encode(respond(in.Bytes())); err != nil {
			fail(err)
		}
		if err := out.Flush(); err != nil {
			fail(err)
		}
	}
	if err := in.Err(); err != nil {
		fail(err)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func fail(err error) {
	fmt.Fprintln(os.Stderr, "scheduler oracle:", err)
	os.Exit(1)
}

func respond(line []byte) (reply answer) {
	defer func() {
		if value := recover(); value != nil {
			reply = answer{"panic": fmt.Sprint(value), "stack": string(debug.Stack())}
		}
	}()
	var wanted request
	if err := json.Unmarshal(line, &wanted); err != nil {
		return answer{"invalid": fmt.Sprintf("not a request: %v", err)}
	}
	switch wanted.Op {
	case "schedule":
		return schedule(&wanted)
	case "sample":
		return sample(&wanted)
	case "draScore":
		return draScore(&wanted)
	case "version":
		return answer{"version": version.Get().GitVersion, "gates": gates()}
	default:
		return answer{"invalid": fmt.Sprintf("unknown op %q", wanted.Op)}
	}
}

func gates() map[string]bool {
	known := utilfeature.DefaultMutableFeatureGate.GetAll()
	states := make(map[string]bool, len(known))
	for name := range known {
		states[string(name)] = utilfeature.DefaultFeatureGate.Enabled(name)
	}
	return states
}
