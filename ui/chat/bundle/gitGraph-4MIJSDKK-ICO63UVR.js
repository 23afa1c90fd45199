import{a as r,b as e}from"./chunk-FT64247B.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{r as GitGraphModule,e as createGitGraphServices};
