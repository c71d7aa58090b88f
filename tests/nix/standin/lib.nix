# Stands in for nixpkgs' lib: as much of its functions and of its module system as the modules
# under nix/modules use. Options, priorities, conditions, type checks and extendModules behave as
# there; everything else is left out.
let
  inherit (builtins)
    all
    attrNames
    concatLists
    concatMap
    elem
    filter
    foldl'
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isString
    listToAttrs
    map
    match
    ;

  unique = foldl' (seen: item: if elem item seen then seen else seen ++ [ item ]) [ ];

  recursiveUpdate =
    old: new:
    old
    // builtins.mapAttrs (
      name: value:
      if isAttrs value && isAttrs (old.${name} or null) then recursiveUpdate old.${name} value else value
    ) new;

  override = priority: content: {
    _type = "override";
    inherit priority content;
  };

  # Definitions without their conditions, each with its priority.
  strip =
    priority: value:
    if isAttrs value && value._type or "" == "if" then
      (if value.condition then strip priority value.content else [ ])
    else if isAttrs value && value._type or "" == "override" then
      [
        {
          inherit (value) priority;
          value = value.content;
        }
      ]
    else
      [ { inherit priority value; } ];

  # The definitions that count: those of the lowest number.
  strongest =
    definitions:
    let
      stripped = concatMap (strip 100) definitions;
      best = foldl' (low: each: if each.priority < low then each.priority else low) 9999 stripped;
    in
    map (each: each.value) (filter (each: each.priority == best) stripped);

  isTree = value: isAttrs value && !(value ? _type) && !(value ? overrideAttrs);
  isOption = value: isAttrs value && value._type or "" == "option";

  # Whether anything is said of a name once conditions are settled; what is declared always is.
  isSaid =
    options: sets: name:
    (!isOption options && options ? ${name}) || strongest (having name sets) != [ ];

  # Every attribute name of several sets.
  names = sets: unique (concatMap attrNames sets);
  having = name: sets: map (set: set.${name}) (filter (set: set ? ${name}) sets);

  mergeOptions =
    trees:
    listToAttrs (
      map (name: {
        inherit name;
        value =
          let
            found = having name trees;
          in
          if isOption (head found) then head found else mergeOptions found;
      }) (names trees)
    );

  mergeValues =
    path: options: definitions:
    let
      values = strongest definitions;
      given = if isOption options then options.type or { } else { };
      merged =
        if given ? merge then
          given.merge values
        else if all isTree values then
          listToAttrs (
            map (name: {
              inherit name;
              value = mergeValues (path ++ [ name ]) (
                if isOption options then { } else options.${name} or { }
              ) (having name values);
            }) (filter (isSaid options values) (names values))
          )
        else if all isList values then
          concatLists values
        else
          head values;
      where = builtins.concatStringsSep "." path;
    in
    if (given.check or (_: true)) merged then
      merged
    else
      throw "A definition for option `${where}' is not of type `${given.name}'.";

  defaults =
    options:
    if isOption options then
      (if options ? default then override 1500 options.default else { })
    else
      builtins.mapAttrs (_: defaults) (
        listToAttrs (
          map (name: {
            inherit name;
            value = options.${name};
          }) (filter (name: hasDefault options.${name}) (attrNames options))
        )
      );
  hasDefault = value: !isOption value || value ? default;

  at = path: set: foldl' (found: name: concatMap (each: having name [ each ]) found) [ set ] path;

  withDefinitions =
    path: options: configs:
    builtins.mapAttrs (
      name: value:
      let
        here = path ++ [ name ];
      in
      if isOption value then
        value // { definitions = strongest (concatMap (at here) configs); }
      else
        withDefinitions here value configs
    ) options;

  evalModules =
    {
      modules,
      specialArgs ? { },
    }:
    let
      extendModules =
        more:
        evalModules {
          modules = modules ++ more.modules;
          specialArgs = specialArgs // more.specialArgs or { };
        };
      arguments = {
        inherit lib config extendModules;
        options = withDefinitions [ ] options configs;
      }
      // specialArgs;
      load =
        module:
        if builtins.isPath module || isString module then
          load (import module)
        else if isFunction module then
          load (module arguments)
        else
          concatMap load (module.imports or [ ]) ++ [ module ];
      loaded = concatMap load modules;
      isFull = module: module ? options || module ? config;
      configs = map (
        module: if isFull module then module.config or { } else removeAttrs module [ "imports" ]
      ) loaded;
      options = mergeOptions (map (module: module.options or { }) loaded);
      config = mergeValues [ ] options (configs ++ [ (defaults options) ]);
    in
    {
      inherit config options extendModules;
      type = {
        name = "submodule";
        merge = values: (extendModules { modules = values; }).config;
      };
    };

  type = name: check: { inherit name check; };

  lib = {
    inherit (builtins)
      attrValues
      concatLists
      concatStringsSep
      listToAttrs
      ;
    inherit evalModules recursiveUpdate unique;
    mkOption = attributes: attributes // { _type = "option"; };
    mkDefault = override 1000;
    mkForce = override 50;
    mkIf = condition: content: {
      _type = "if";
      inherit condition content;
    };
    literalExpression = text: text;
    genAttrs =
      list: make:
      listToAttrs (
        map (name: {
          inherit name;
          value = make name;
        }) list
      );
    nameValuePair = name: value: { inherit name value; };
    optional = condition: value: if condition then [ value ] else [ ];
    removeSuffix =
      suffix: text:
      let
        kept = builtins.stringLength text - builtins.stringLength suffix;
      in
      if kept >= 0 && builtins.substring kept (-1) text == suffix then
        builtins.substring 0 kept text
      else
        text;
    subtractLists = gone: filter (item: !(elem item gone));
    toLower = builtins.replaceStrings (split "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
      split "abcdefghijklmnopqrstuvwxyz"
    );
    generators.toKeyValue =
      { }:
      set:
      builtins.concatStringsSep "" (map (name: "${name}=${toString set.${name}}\n") (attrNames set));
    types = {
      anything = type "anything" (_: true);
      attrsOf = _: type "attribute set" isAttrs;
      bool = type "boolean" isBool;
      enum = values: type "one of ${builtins.toJSON values}" (value: elem value values);
      ints = {
        between = low: high: type "integer between" (value: isInt value && value >= low && value <= high);
        positive = type "positive integer" (value: isInt value && value > 0);
      };
      lazyAttrsOf = _: type "attribute set" isAttrs;
      listOf = inner: type "list" (value: isList value && all (inner.check or (_: true)) value);
      package = type "package" (value: isString value || isAttrs value);
      raw = type "raw" (_: true);
      str = type "string" isString;
      strMatching =
        pattern: type "string matching the pattern ${pattern}" (value: match pattern value != null);
    };
  };

  split = text: map (index: builtins.substring index 1 text) (builtins.genList (n: n) (builtins.stringLength text));
in
lib
