# Refuses settings for an image inside settings for an image: they would be without effect.
{
  # What the outer configuration has for virtualisation.dockerVariant. The variant sees these
  # too, since it is made of the same modules; anything more was written inside.
  outer,
}:
{ options, ... }:
{
  assertions = [
    {
      assertion =
        builtins.length options.virtualisation.dockerVariant.definitions == builtins.length outer;
      message = ''
        virtualisation.dockerVariant is set inside virtualisation.dockerVariant, where it has no
        effect: move what is in the inner one to the outer one.
      '';
    }
  ];
}
