import{a as e,b as r}from"./chunk-A26Y52TM.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as WardleyModule,r as createWardleyServices};
