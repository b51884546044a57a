package main

import (
	"fmt"
	"reflect"

	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
)

// Releases name their features differently, so they are set by field name.

func allocatorFeatures(names []string) (structured.Features, error) {
	var features structured.Features
	value := reflect.ValueOf(&features).Elem()
	for _, name := range names {
		field := value.FieldByName(name)
		if !field.IsValid() {
			return features, fmt.Errorf("this release's allocator has no feature %q", name)
		}
		field.SetBool(true)
	}
	return features, nil
}

func allFeatureNames() []string {
	features := reflect.TypeFor[structured.Features]()
	names := make([]string, features.NumField())
	for i := range names {
		names[i] = features.Field(i).Name
	}
	return names
}

// celFeatures ignores the allocator features that the release's CEL dialect
// does not depend on.
func celFeatures(allocator []string) cel.Features {
	var features cel.Features
	value := reflect.ValueOf(&features).Elem()
	for _, name := range allocator {
		if field := value.FieldByName("Enable" + name); field.IsValid() {
			field.SetBool(true)
		}
	}
	return features
}
